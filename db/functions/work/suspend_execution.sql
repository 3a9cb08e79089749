-- Makes a run that the caller has locked wait, and gives up its lease.
--
-- Parameters: p_run, the locked row; p_step_name, the step that waits; p_wakes_at, null is never by the clock;
--             p_waiting_for, the event; null is none.
-- Returns:    the step, in the state waiting.
-- Errors:     PT400 invalid_name.
-- Tables:     work.step_executions (inserted or updated), work.workflow_executions (updated),
--             telemetry.workflow_events (inserted).
create or replace function work.suspend_execution(
  p_run work.workflow_executions, p_step_name text, p_wakes_at timestamptz, p_waiting_for text
) returns work.step_info
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_step work.step_info := work.record_step(
    p_run => p_run, p_step_name => p_step_name, p_status => 'waiting', p_wakes_at => p_wakes_at
  );
begin
  update work.workflow_executions as e
  set status = 'waiting', reason = null, actor = e.worker, worker = null, waiting_for = p_waiting_for, due_at = p_wakes_at
  where e.run_id = p_run.run_id;
  return v_step;
end
$$;
comment on function work.suspend_execution(work.workflow_executions, text, timestamptz, text) is
'Makes a running run wait for a time or an event';
alter function work.suspend_execution(work.workflow_executions, text, timestamptz, text) owner to pylayer_api;
revoke all on function work.suspend_execution(work.workflow_executions, text, timestamptz, text) from public;
