-- What is known of a version, without its content and without object storage.
--
-- Parameters: p_artifact_id; p_version, null for the latest.
-- Returns:    the version with its artifact's facts; deleted is true when its content was deleted.
-- Errors:     PT400 invalid_artifact_id; PT404 no_artifact, no_version.
-- Tables:     work.artifacts, work.artifact_versions, work.artifact_tombstones (read).
create or replace function work.get_artifact(p_artifact_id text, p_version integer default null)
returns work.artifact_info
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_info work.artifact_info;
begin
  select
    v.artifact_id::text,
    v.version,
    a.type,
    v.mime_type,
    v.size_bytes,
    v.content_hash,
    v.storage_backend,
    v.storage_key,
    v.preview_text,
    v.extracted_fields,
    v.is_kb_ingested,
    v.created_at,
    a.latest_version,
    a.tags,
    a.owner_item_id,
    a.owner_run_id,
    a.project_id,
    exists (
      select from work.artifact_tombstones as t where t.artifact_id = v.artifact_id and t.version = v.version
    )
  into v_info
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
  return v_info;
end
$$;
comment on function work.get_artifact(text, integer) is
'Metadata of a version (default: the latest), without content. Errors: PT400 invalid_artifact_id, PT404 no_artifact, no_version';
alter function work.get_artifact(text, integer) owner to pylayer_api;
revoke all on function work.get_artifact(text, integer) from public;
grant execute on function work.get_artifact(text, integer) to pylayer_agent, pylayer_analyst, pylayer_auditor;
