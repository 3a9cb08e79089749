-- Where the content of a version is: the text itself, or the key of the object that holds it.
--
-- Parameters: p_artifact_id; p_version, null for the latest.
-- Returns:    one row; exactly one of storage_key and inline_content_text is not null.
-- Errors:     PT400 invalid_artifact_id; PT404 no_artifact, no_version; PT410 content_deleted.
-- Tables:     work.artifacts, work.artifact_versions, work.artifact_tombstones (read).
create or replace function work.get_content(p_artifact_id text, p_version integer default null)
returns table (
  artifact_id text,
  version integer,
  mime_type text,
  size_bytes bigint,
  content_hash text,
  storage_backend work.storage_backend,
  storage_key text,
  inline_content_text text
)
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_deleted_at timestamptz;
begin
  select
    v.artifact_id::text,
    v.version,
    v.mime_type,
    v.size_bytes,
    v.content_hash,
    v.storage_backend,
    v.storage_key,
    v.inline_content_text,
    (
      select t.deleted_at from work.artifact_tombstones as t
      where t.artifact_id = v.artifact_id and t.version = v.version
    )
  into
    artifact_id, version, mime_type, size_bytes, content_hash, storage_backend, storage_key, inline_content_text,
    v_deleted_at
  from work.artifacts as a
  cross join lateral (
    select w.* from work.artifact_versions as w
    where w.artifact_id = a.artifact_id and w.version = coalesce(p_version, a.latest_version)
    offset 0  -- keeps both columns of the key in the index condition, however few versions the statistics expect
  ) as v
  where a.artifact_id = p_artifact_id;
  if not found then
    perform work.refuse_missing(p_artifact_id => p_artifact_id, p_version => p_version);
  end if;
  if v_deleted_at is not null then
    raise exception using
      errcode = 'PT410', message = 'the content was deleted', constraint = 'content_deleted',
      detail = format('artifact %s, version %s, deleted at %s', artifact_id, version, v_deleted_at),
      hint = 'its metadata stays: work.get_artifact; other versions: work.list_versions';
  end if;
  return next;
end
$$;
comment on function work.get_content(text, integer) is
'Content of a version, inline or by storage key. Errors: PT400 invalid_artifact_id, PT404 no_artifact, no_version, PT410 content_deleted';
alter function work.get_content(text, integer) owner to pylayer_api;
revoke all on function work.get_content(text, integer) from public;
grant execute on function work.get_content(text, integer) to pylayer_agent, pylayer_analyst, pylayer_auditor;
