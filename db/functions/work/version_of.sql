-- A stored version in the form that writes return.
--
-- Parameters: p_artifact_id, p_version; p_created, what the write did.
-- Returns:    the version; null when there is none.
-- Tables:     work.artifacts, work.artifact_versions (read).
create or replace function work.version_of(p_artifact_id text, p_version integer, p_created boolean)
returns work.version_info
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select
    v.artifact_id,
    v.version,
    a.type,
    v.mime_type,
    v.size_bytes,
    v.content_hash,
    v.storage_backend,
    v.storage_key,
    v.preview_text,
    v.extracted_fields,
    p_created,
    v.created_at
  from work.artifact_versions as v
  inner join work.artifacts as a on a.artifact_id = v.artifact_id
  where v.artifact_id = p_artifact_id and v.version = p_version
$$;
comment on function work.version_of(text, integer, boolean) is 'A stored version in the form that writes return';
alter function work.version_of(text, integer, boolean) owner to pylayer_api;
revoke all on function work.version_of(text, integer, boolean) from public;
