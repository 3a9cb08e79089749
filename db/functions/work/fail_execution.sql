-- Makes a run fail, also after its deadline. work.retry_execution takes it up again.
--
-- Parameters: p_run_id; p_attempt, what work.claim_execution returned; p_error, for people: the first 10,000 characters are
--             kept; p_reason, a word for its event: the first 1,000 characters are kept.
-- Returns:    the run.
-- Errors:     PT404 no_run; PT409 stale_attempt, run_ended, run_not_running.
-- Tables:     work.workflow_executions (a parent that waits for it, then its row locked; both updated),
--             telemetry.workflow_events (inserted).
-- Repeat:     safe by the same attempt.
create or replace function work.fail_execution(
  p_run_id text, p_attempt integer, p_error text, p_reason text default null
) returns work.execution_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_run work.workflow_executions;
begin
  perform work.lock_waiting_parent(p_run_id => p_run_id);
  v_run := work.lock_execution(p_run_id => p_run_id, p_attempt => p_attempt, p_ending => 'failed');
  if v_run.status = 'running' then
    update work.workflow_executions as e
    set
      status = 'failed', reason = left(p_reason, 1000), actor = e.worker, error = left(p_error, 10000),
      error_count = e.error_count + 1, updated_at = clock_timestamp()
    where e.run_id = p_run_id
    returning e.* into v_run;
  end if;
  return work.execution_of(v_run, false);
end
$$;
comment on function work.fail_execution(text, integer, text, text) is
'Makes a run fail. Errors: PT404 no_run, PT409 stale_attempt, run_ended';
alter function work.fail_execution(text, integer, text, text) owner to pylayer_api;
revoke all on function work.fail_execution(text, integer, text, text) from public;
grant execute on function work.fail_execution(text, integer, text, text) to pylayer_agent;
