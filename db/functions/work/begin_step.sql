-- Begins a step. One that is complete comes back with its result, and is not to be run again.
--
-- Parameters: p_run_id; p_attempt, what work.claim_execution returned; p_step_name, once in a run, at most 500 bytes.
-- Returns:    the step: running (go on and run it) or completed (with its output).
-- Errors:     PT400 invalid_name; PT404 no_run; PT409 stale_attempt, run_ended, run_not_running, deadline_passed.
-- Tables:     work.workflow_executions (row locked, updated), work.step_executions (inserted or updated).
-- Repeat:     safe; each counts as a try.
create or replace function work.begin_step(p_run_id text, p_attempt integer, p_step_name text) returns work.step_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
begin
  return work.record_step(
    p_run => work.lock_execution(p_run_id => p_run_id, p_attempt => p_attempt), p_step_name => p_step_name,
    p_status => 'running'
  );
end
$$;
comment on function work.begin_step(text, integer, text) is
'Begins a step, or returns the result that it has. Errors: PT400 invalid_name, PT404 no_run, PT409 stale_attempt, run_ended';
alter function work.begin_step(text, integer, text) owner to pylayer_api;
revoke all on function work.begin_step(text, integer, text) from public;
grant execute on function work.begin_step(text, integer, text) to pylayer_agent;
