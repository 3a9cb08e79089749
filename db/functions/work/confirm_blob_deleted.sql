-- Records that object storage has deleted the object of deleted content.
--
-- Parameters: p_artifact_id, p_version, from work.undeleted_blobs.
-- Returns:    true the first time, false on a repeat.
-- Errors:     PT404 no_tombstone.
-- Tables:     work.artifact_tombstones (row locked, updated).
-- Repeat:     safe.
create or replace function work.confirm_blob_deleted(p_artifact_id text, p_version integer) returns boolean
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: the admin holds no write right on the tables
set search_path = pg_catalog, pg_temp
as $$
begin
  update work.artifact_tombstones as t set object_deleted_at = clock_timestamp()
  where t.artifact_id = p_artifact_id and t.version = p_version and t.object_deleted_at is null;
  if found then
    return true;
  end if;
  if not exists (
    select from work.artifact_tombstones as t where t.artifact_id = p_artifact_id and t.version = p_version
  ) then
    raise exception using
      errcode = 'PT404', message = 'the content was not deleted', constraint = 'no_tombstone',
      detail = format('artifact %s, version %s', left(p_artifact_id, 64), p_version),
      hint = 'delete it first: work.delete_blob';
  end if;
  return false;
end
$$;
comment on function work.confirm_blob_deleted(text, integer) is
'Records that the object of deleted content is gone; true the first time. Errors: PT404 no_tombstone';
alter function work.confirm_blob_deleted(text, integer) owner to pylayer_api;
revoke all on function work.confirm_blob_deleted(text, integer) from public;
grant execute on function work.confirm_blob_deleted(text, integer) to pylayer_admin;
