-- Artifacts with their latest version, newest first, page by page.
--
-- Parameters:
--   p_type, p_owner_item_id, p_owner_run_id, p_project_id  equal to; null is any
--   p_tags   contained in the artifact's tags; null is any
--   p_limit  most rows, 1 to 1000
--   p_after  artifact_id that ended the previous page; null is the first page
-- Returns: rows as work.get_artifact, newest artifact first (when its id was first used, then artifact_id).
-- Errors:  PT400 invalid_limit, invalid_artifact_id; PT404 no_artifact (p_after).
-- Tables:  work.artifacts, work.artifact_versions, work.artifact_tombstones (read).
create or replace function work.list_artifacts(
  p_type text default null,
  p_owner_item_id text default null,
  p_owner_run_id text default null,
  p_project_id text default null,
  p_tags jsonb default null,
  p_limit integer default 100,
  p_after text default null
) returns setof work.artifact_info
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan  -- so that an absent filter is no condition, and a given one finds its index
as $$
declare
  v_after timestamptz;
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  if p_after is not null then
    select a.created_at into v_after from work.artifacts as a where a.artifact_id = p_after;
    if not found then
      perform work.refuse_missing(p_artifact_id => p_after, p_version => null);
    end if;
  end if;
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
  cross join lateral (
    select w.* from work.artifact_versions as w
    where w.artifact_id = a.artifact_id and w.version = a.latest_version
    offset 0  -- keeps both columns of the key in the index condition, however few versions the statistics expect
  ) as v
  where (p_type is null or a.type = p_type)
    and (p_owner_item_id is null or a.owner_item_id = p_owner_item_id)
    and (p_owner_run_id is null or a.owner_run_id = p_owner_run_id)
    and (p_project_id is null or a.project_id = p_project_id)
    and (p_tags is null or a.tags @> p_tags)
    and (p_after is null or (a.created_at, a.artifact_id) < (v_after, p_after))
  order by a.created_at desc, a.artifact_id desc
  limit p_limit;
end
$$;
comment on function work.list_artifacts(text, text, text, text, jsonb, integer, text) is
'Artifacts with their latest version, newest first, in keyset pages. Errors: PT400 invalid_limit, PT404 no_artifact';
alter function work.list_artifacts(text, text, text, text, jsonb, integer, text) owner to pylayer_api;
revoke all on function work.list_artifacts(text, text, text, text, jsonb, integer, text) from public;
grant execute on function work.list_artifacts(text, text, text, text, jsonb, integer, text)
to pylayer_agent, pylayer_analyst, pylayer_auditor;
