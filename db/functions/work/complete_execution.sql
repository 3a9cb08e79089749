-- Completes a run with its result.
--
-- Parameters: p_run_id; p_attempt, what work.claim_execution returned; p_outputs, at most 1 MiB.
-- Returns:    the run.
-- Errors:     PT404 no_run; PT409 stale_attempt, run_ended, run_not_running, deadline_passed; PT413 value_limit.
-- Tables:     work.workflow_executions (a parent that waits for it, then its row locked; both updated),
--             telemetry.workflow_events (inserted).
-- Repeat:     safe by the same attempt: the first result stays.
create or replace function work.complete_execution(p_run_id text, p_attempt integer, p_outputs jsonb default null)
returns work.execution_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_run work.workflow_executions;
begin
  perform work.lock_waiting_parent(p_run_id => p_run_id);
  v_run := work.lock_execution(p_run_id => p_run_id, p_attempt => p_attempt, p_ending => 'completed');
  perform work.check_document(p_what => 'outputs', p_value => p_outputs);
  if v_run.status = 'running' then
    update work.workflow_executions as e
    set status = 'completed', reason = null, actor = e.worker, outputs = p_outputs, updated_at = clock_timestamp()
    where e.run_id = p_run_id
    returning e.* into v_run;
  end if;
  return work.execution_of(v_run, false);
end
$$;
comment on function work.complete_execution(text, integer, jsonb) is
'Completes a run with its result. Errors: PT404 no_run, PT409 stale_attempt, run_ended, deadline_passed, PT413 value_limit';
alter function work.complete_execution(text, integer, jsonb) owner to pylayer_api;
revoke all on function work.complete_execution(text, integer, jsonb) from public;
grant execute on function work.complete_execution(text, integer, jsonb) to pylayer_agent;
