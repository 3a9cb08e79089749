-- Runs, newest first, page by page.
--
-- Parameters:
--   p_status, p_workflow_id, p_parent_run_id, p_project_id  equal to; null is any
--   p_tags   contained in the run's tags; null is any
--   p_limit  most rows, 1 to 1000
--   p_after  run_id that ended the previous page; null is the first page
-- Returns: the runs, by when they were started, then run_id.
-- Errors:  PT400 invalid_limit; PT404 no_run (p_after).
-- Tables:  work.workflow_executions (read).
create or replace function work.list_executions(
  p_status text default null,
  p_workflow_id text default null,
  p_parent_run_id text default null,
  p_project_id text default null,
  p_tags jsonb default null,
  p_limit integer default 100,
  p_after text default null
) returns setof work.execution_info
language sql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan  -- so that an absent filter is no condition, and a given one finds its index
as $$
  select work.check_limit(p_limit => p_limit, p_greatest => 1000);
  select work.refuse_run(p_run_id => p_after, p_status => null)
  where p_after is not null and not exists (select from work.workflow_executions as e where e.run_id = p_after);
  select work.execution_of(e, false)
  from work.workflow_executions as e
  where (p_status is null or e.status = p_status)
    and (p_workflow_id is null or e.workflow_id = p_workflow_id)
    and (p_parent_run_id is null or e.parent_run_id = p_parent_run_id)
    and (p_project_id is null or e.project_id = p_project_id)
    and (p_tags is null or e.tags @> p_tags)
    and (p_after is null or (e.created_at, e.run_id) < (
      (select a.created_at from work.workflow_executions as a where a.run_id = p_after), p_after
    ))
  order by e.created_at desc, e.run_id desc
  limit p_limit
$$;
comment on function work.list_executions(text, text, text, text, jsonb, integer, text) is
'Runs, newest first, in keyset pages. Errors: PT400 invalid_limit, PT404 no_run';
alter function work.list_executions(text, text, text, text, jsonb, integer, text) owner to pylayer_api;
revoke all on function work.list_executions(text, text, text, text, jsonb, integer, text) from public;
grant execute on function work.list_executions(
  text, text, text, text, jsonb, integer, text
) to pylayer_agent, pylayer_analyst, pylayer_auditor;
