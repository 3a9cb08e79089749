-- A run.
--
-- Parameters: p_run_id.
-- Returns:    the run.
-- Errors:     PT404 no_run.
-- Tables:     work.workflow_executions (read).
create or replace function work.get_execution(p_run_id text) returns work.execution_info
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_run work.workflow_executions;
begin
  select e.* into v_run from work.workflow_executions as e where e.run_id = p_run_id;
  if not found then
    perform work.refuse_run(p_run_id => p_run_id, p_status => null);
  end if;
  return work.execution_of(v_run, false);
end
$$;
comment on function work.get_execution(text) is 'A run. Errors: PT404 no_run';
alter function work.get_execution(text) owner to pylayer_api;
revoke all on function work.get_execution(text) from public;
grant execute on function work.get_execution(text) to pylayer_agent, pylayer_analyst, pylayer_auditor;
