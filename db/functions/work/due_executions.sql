-- Runs that may be claimed: those that wait for a worker, those whose sleep is over, and those whose worker died.
--
-- Parameters: p_workflow_ids, of these workflows; null is any; p_limit, 1 to 1000.
-- Returns:    the runs, the longest due first.
-- Errors:     PT400 invalid_limit.
-- Tables:     work.workflow_executions (read).
create or replace function work.due_executions(p_workflow_ids text[] default null, p_limit integer default 10)
returns setof work.execution_info
language sql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
  select work.check_limit(p_limit => p_limit, p_greatest => 1000);
  select work.execution_of(e, false)
  from work.workflow_executions as e
  where e.due_at <= (select clock_timestamp())  -- once, so that the index serves
    and (e.deadline is null or e.deadline > (select clock_timestamp()))
    and (p_workflow_ids is null or e.workflow_id = any(p_workflow_ids))
  order by e.due_at, e.run_id
  limit p_limit
$$;
comment on function work.due_executions(text[], integer) is
'Runs that may be claimed, the longest due first. Errors: PT400 invalid_limit';
alter function work.due_executions(text[], integer) owner to pylayer_api;
revoke all on function work.due_executions(text[], integer) from public;
grant execute on function work.due_executions(text[], integer) to pylayer_agent, pylayer_analyst, pylayer_auditor;
