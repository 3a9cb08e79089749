-- Deleted content whose object is not confirmed to be gone from object storage.
--
-- Parameters: p_limit, most rows, 1 to 10000.
-- Returns:    artifact_id, version, storage_key; the oldest first.
-- Errors:     PT400 invalid_limit.
-- Tables:     work.artifact_tombstones (read).
create or replace function work.undeleted_blobs(p_limit integer default 100)
returns table (artifact_id text, version integer, storage_key text)
language plpgsql stable parallel safe security definer  -- definer on purpose: as the writers beside it
set search_path = pg_catalog, pg_temp
as $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 10000);
  return query
  select t.artifact_id::text, t.version, t.storage_key from work.artifact_tombstones as t
  where t.object_deleted_at is null
  order by t.deleted_at
  limit p_limit;
end
$$;
comment on function work.undeleted_blobs(integer) is 'Deleted content whose object is not confirmed to be gone. Errors: PT400 invalid_limit';
alter function work.undeleted_blobs(integer) owner to pylayer_api;
revoke all on function work.undeleted_blobs(integer) from public;
grant execute on function work.undeleted_blobs(integer) to pylayer_admin;
