-- Versions of workflows: by name, the greatest version first, page by page.
--
-- Parameters:
--   p_workflow_id, p_status, p_project_id  equal to; null is any
--   p_limit  most rows, 1 to 1000
--   p_after  workflow_id and version, as an array of two texts, that ended the previous page; null is the first page
-- Returns: the versions.
-- Errors:  PT400 invalid_limit, invalid_version.
-- Tables:  work.workflows (read).
create or replace function work.list_workflows(
  p_workflow_id text default null,
  p_status text default null,
  p_project_id text default null,
  p_limit integer default 100,
  p_after text[] default null
) returns setof work.workflow_info
language sql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
  select work.check_limit(p_limit => p_limit, p_greatest => 1000);
  select work.workflow_of(w, false)
  from work.workflows as w
  left join lateral work.version_bounds(p_selector => p_after[2]) as a on p_after is not null
  where (p_workflow_id is null or w.workflow_id = p_workflow_id)
    and (p_status is null or w.status = p_status)
    and (p_project_id is null or w.project_id = p_project_id)
    and (
      p_after is null
      or w.workflow_id > p_after[1]
      or (
        w.workflow_id = p_after[1]
        and (w.version_major, w.version_minor, w.version_patch) < (a.p_from[1], a.p_from[2], a.p_from[3])
      )
    )
  order by w.workflow_id, w.version_major desc, w.version_minor desc, w.version_patch desc
  limit p_limit
$$;
comment on function work.list_workflows(text, text, text, integer, text[]) is
'Versions of workflows by name, the greatest first, in keyset pages. Errors: PT400 invalid_limit';
alter function work.list_workflows(text, text, text, integer, text[]) owner to pylayer_api;
revoke all on function work.list_workflows(text, text, text, integer, text[]) from public;
grant execute on function work.list_workflows(
  text, text, text, integer, text[]
) to pylayer_agent, pylayer_analyst, pylayer_auditor;
