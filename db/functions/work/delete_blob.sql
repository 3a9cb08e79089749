-- Deletes the content of a version from object storage, for good, and keeps who did it and why. From the commit of this call
-- on the content is gone for readers; the object itself is deleted after it (work.undeleted_blobs). Metadata stays.
-- The same bytes written again become a new version.
--
-- Parameters: p_artifact_id; p_version; p_reason, why, 1 to 1000 characters.
-- Returns:    one row: the tombstone; deleted is false when there was one already.
-- Errors:     PT400 invalid_artifact_id, invalid_reason; PT404 no_artifact, no_version; PT409 inline_content.
-- Tables:     work.artifacts (row locked, updated), work.artifact_tombstones (inserted), in this order;
--             work.artifact_versions (read).
-- Repeat:     safe: the first reason stays.
create or replace function work.delete_blob(p_artifact_id text, p_version integer, p_reason text)
returns table (
  artifact_id text,
  version integer,
  storage_key text,
  deleted boolean,
  deleted_by text,
  deleted_at timestamptz
)
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: the admin holds no write right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_latest integer;
begin
  if p_reason is null or length(btrim(p_reason)) = 0 or length(p_reason) > 1000 then
    raise exception using
      errcode = 'PT400', message = 'the reason is missing or too long', constraint = 'invalid_reason',
      detail = format('%s characters', length(p_reason)), hint = 'say in 1 to 1000 characters why the content goes';
  end if;
  select a.latest_version into v_latest from work.artifacts as a where a.artifact_id = p_artifact_id for no key update;
  select v.artifact_id::text, v.version, v.storage_key into artifact_id, version, storage_key
  from work.artifact_versions as v
  where v.artifact_id = p_artifact_id and v.version = p_version;
  if not found then
    perform work.refuse_missing(p_artifact_id => p_artifact_id, p_version => p_version);
  end if;
  if storage_key is null then
    raise exception using
      errcode = 'PT409', message = 'inline content cannot be deleted', constraint = 'inline_content',
      detail = format('artifact %s, version %s', artifact_id, version),
      hint = 'only content in object storage can be deleted';
  end if;
  insert into work.artifact_tombstones (artifact_id, version, storage_key, reason, deleted_by, deleted_as)
  values (
    p_artifact_id, p_version, delete_blob.storage_key, p_reason, session_user,
    nullif(current_setting('role'), 'none')
  )
  on conflict do nothing;
  deleted := found;
  if deleted then
    update work.artifacts as a set latest_content_hash = null
    where a.artifact_id = p_artifact_id and p_version = v_latest;
  end if;
  select t.deleted_by, t.deleted_at into deleted_by, deleted_at
  from work.artifact_tombstones as t
  where t.artifact_id = p_artifact_id and t.version = p_version;
  return next;
end
$$;
comment on function work.delete_blob(text, integer, text) is
'Deletes the content of a version from object storage and records who and why. Errors: PT400 invalid_reason, PT404 no_artifact, no_version, PT409 inline_content';
alter function work.delete_blob(text, integer, text) owner to pylayer_api;
revoke all on function work.delete_blob(text, integer, text) from public;
grant execute on function work.delete_blob(text, integer, text) to pylayer_admin;
