-- A step that is complete from a time on. Until then the run waits, claimed by nobody.
--
-- Parameters: p_run_id; p_attempt, what work.claim_execution returned; p_step_name, once in a run, at most 500 bytes;
--             p_until: the first one that is given for a step holds.
-- Returns:    the step: waiting (stop, and claim the run again when it is due) or completed.
-- Errors:     PT400 invalid_name, invalid_time; PT404 no_run; PT409 stale_attempt, run_ended, run_not_running, deadline_passed.
-- Tables:     work.workflow_executions (row locked, updated), work.step_executions (inserted or updated),
--             telemetry.workflow_events (inserted).
-- Repeat:     safe by the same attempt.
create or replace function work.sleep_until(
  p_run_id text, p_attempt integer, p_step_name text, p_until timestamptz
) returns work.step_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_run work.workflow_executions := work.lock_execution(
    p_run_id => p_run_id, p_attempt => p_attempt, p_ending => 'waiting'
  );
  v_step work.step_info := work.step_of(p_run_id => p_run_id, p_step_name => p_step_name);
  v_until timestamptz := coalesce(v_step.wakes_at, p_until, timestamptz 'infinity');
begin
  if v_step.status = 'completed' or (v_run.status = 'waiting' and v_step.status = 'waiting') then
    return v_step;
  end if;
  if v_run.status = 'waiting' then  -- for another step
    perform work.refuse_run(p_run_id => p_run_id, p_status => v_run.status);
  end if;
  perform work.check_run_facts(p_project_id => null, p_metadata => null, p_tags => null, p_times => array[v_until]);
  if v_until <= clock_timestamp() then
    return work.record_step(p_run => v_run, p_step_name => p_step_name, p_status => 'completed', p_wakes_at => v_until);
  end if;
  return work.suspend_execution(p_run => v_run, p_step_name => p_step_name, p_wakes_at => v_until, p_waiting_for => null);
end
$$;
comment on function work.sleep_until(text, integer, text, timestamptz) is
'A step that is complete from a time on; until then the run waits. Errors: PT400, PT404 no_run, PT409 stale_attempt, run_ended';
alter function work.sleep_until(text, integer, text, timestamptz) owner to pylayer_api;
revoke all on function work.sleep_until(text, integer, text, timestamptz) from public;
grant execute on function work.sleep_until(text, integer, text, timestamptz) to pylayer_agent;
