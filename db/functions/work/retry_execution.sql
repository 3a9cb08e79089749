-- Takes a failed run up again: pending, at once due. The steps that are complete stay so.
--
-- Parameters: p_run_id; p_deadline, a new one; null keeps its own.
-- Returns:    the run.
-- Errors:     PT400 invalid_time; PT404 no_run; PT409 run_ended (completed or cancelled), run_not_failed (it has not ended),
--             deadline_passed (p_deadline gives a new one).
-- Tables:     work.workflow_executions (row locked, updated), telemetry.workflow_events (inserted).
-- Repeat:     a second one is refused with run_not_failed.
create or replace function work.retry_execution(p_run_id text, p_deadline timestamptz default null)
returns work.execution_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_run work.workflow_executions;
begin
  perform work.check_run_facts(p_project_id => null, p_metadata => null, p_tags => null, p_times => array[p_deadline]);
  select e.* into v_run from work.workflow_executions as e where e.run_id = p_run_id for no key update;
  if v_run.status is null or v_run.status in ('completed', 'cancelled') then
    perform work.refuse_run(p_run_id => p_run_id, p_status => v_run.status);
  end if;
  if v_run.status <> 'failed' then
    raise exception using
      errcode = 'PT409', message = 'the run has not failed', constraint = 'run_not_failed',
      detail = format('run %s is %s', p_run_id, v_run.status), hint = 'claim it with work.claim_execution when it is due';
  end if;
  if coalesce(p_deadline, v_run.deadline) <= v_now then
    raise exception using
      errcode = 'PT409', message = 'the deadline of the run has passed', constraint = 'deadline_passed',
      detail = format('run %s: %s', p_run_id, coalesce(p_deadline, v_run.deadline)), hint = 'give a new deadline';
  end if;
  update work.workflow_executions as e
  set
    status = 'pending', reason = null, actor = null, error = null, worker = null, due_at = v_now,
    deadline = coalesce(p_deadline, e.deadline), updated_at = v_now
  where e.run_id = p_run_id
  returning e.* into v_run;
  return work.execution_of(v_run, false);
end
$$;
comment on function work.retry_execution(text, timestamptz) is
'Takes a failed run up again, at once due. Errors: PT400 invalid_time, PT404 no_run, PT409 run_ended, run_not_failed, deadline_passed';
alter function work.retry_execution(text, timestamptz) owner to pylayer_api;
revoke all on function work.retry_execution(text, timestamptz) from public;
grant execute on function work.retry_execution(text, timestamptz) to pylayer_agent;
