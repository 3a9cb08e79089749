-- Versions of an artifact, newest first, page by page.
--
-- Parameters: p_artifact_id; p_limit, most rows, 1 to 1000; p_before, version that ended the previous page, or null.
-- Returns:    rows as work.get_artifact.
-- Errors:     PT400 invalid_limit, invalid_artifact_id; PT404 no_artifact.
-- Tables:     work.artifacts, work.artifact_versions, work.artifact_tombstones (read).
create or replace function work.list_versions(
  p_artifact_id text, p_limit integer default 100, p_before integer default null
) returns setof work.artifact_info
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  return query
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
  from work.artifacts as a
  inner join work.artifact_versions as v on v.artifact_id = a.artifact_id
  where a.artifact_id = p_artifact_id and v.version < coalesce(p_before, 2147483647)
  order by v.version desc
  limit p_limit;
  if not found and not exists (
    select from work.artifacts as a where a.artifact_id = p_artifact_id and a.latest_version > 0
  ) then
    perform work.refuse_missing(p_artifact_id => p_artifact_id, p_version => null);
  end if;
end
$$;
comment on function work.list_versions(text, integer, integer) is
'Versions of an artifact, newest first, in keyset pages. Errors: PT400 invalid_limit, invalid_artifact_id, PT404 no_artifact';
alter function work.list_versions(text, integer, integer) owner to pylayer_api;
revoke all on function work.list_versions(text, integer, integer) from public;
grant execute on function work.list_versions(text, integer, integer) to pylayer_agent, pylayer_analyst, pylayer_auditor;
