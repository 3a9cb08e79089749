-- Streams the objects that the rows of this snapshot refer to: what a backup of these rows needs beside them.
-- Without SET search_path and not SECURITY DEFINER, so that it is inlined: a function that is called keeps all rows first.
--
-- Returns: one row an object: its key, size in bytes, sha256 (hex), mime type, and the version of an artifact that it is the
--          content of (null for an archive). Deleted content and archives that were not read back yet are left out.
-- Tables:  work.artifact_versions, work.artifact_tombstones, telemetry.archives (read; the caller needs the right to).
create or replace function core.referenced_blobs()
returns table (
  storage_key text, size_bytes bigint, content_hash text, mime_type text, artifact_id text, version integer
)
language sql stable parallel safe
as $$
  select v.storage_key, v.size_bytes, v.content_hash, v.mime_type, v.artifact_id::text, v.version
  from work.artifact_versions as v
  where v.storage_backend = 's3'
    and not exists (
      select from work.artifact_tombstones as t where t.artifact_id = v.artifact_id and t.version = v.version
    )
  union all
  select a.storage_key, a.size_bytes, a.content_hash, 'application/vnd.apache.parquet', null, null
  from telemetry.archives as a
  where a.verified_at is not null
$$;
comment on function core.referenced_blobs() is 'Objects that the rows of this snapshot refer to, for a backup';
alter function core.referenced_blobs() owner to pylayer_api;
revoke all on function core.referenced_blobs() from public;
grant execute on function core.referenced_blobs() to pylayer_admin;
