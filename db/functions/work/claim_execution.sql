-- Claims a run that is due: from then on only the attempt that is returned records anything. A run is due from its start
-- on, when a sleep or a wait is over, and when a lease ended before the run did; its own worker may claim it at any time.
--
-- Parameters: p_run_id; p_worker, at most 200 bytes; p_lease_seconds, 1 to 86,400: each step renews it.
-- Returns:    the run, running, with the attempt that steps name.
-- Errors:     PT400 invalid_name, invalid_lease; PT404 no_run; PT409 run_ended, deadline_passed, run_leased (DETAIL: by whom
--             and until when), not_due (DETAIL: what it waits for).
-- Tables:     work.workflow_executions (row locked, updated), telemetry.workflow_events (inserted).
-- Repeat:     safe by the same worker: the next attempt takes over from the one before.
create or replace function work.claim_execution(p_run_id text, p_worker text, p_lease_seconds integer default 300)
returns work.execution_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz;
  v_run work.workflow_executions;
begin
  perform work.check_run_text(p_what => 'worker', p_value => p_worker, p_bytes => 200);
  if p_lease_seconds is null or p_lease_seconds not between 1 and 86400 then
    raise exception using
      errcode = 'PT400', message = 'a lease is out of range', constraint = 'invalid_lease',
      detail = coalesce(p_lease_seconds::text, 'null'), hint = 'use 1 to 86400 seconds';
  end if;
  select e.* into v_run from work.workflow_executions as e where e.run_id = p_run_id for no key update;
  v_now := clock_timestamp();
  if v_run.completed_at is not null or v_run.run_id is null then
    perform work.refuse_run(p_run_id => p_run_id, p_status => v_run.status);
  end if;
  if v_run.deadline <= v_now then
    raise exception using
      errcode = 'PT409', message = 'the deadline of the run has passed', constraint = 'deadline_passed',
      detail = format('run %s: %s', p_run_id, v_run.deadline), hint = 'maintenance makes it fail';
  end if;
  if v_run.status = 'running' and v_run.due_at > v_now and v_run.worker <> p_worker then
    raise exception using
      errcode = 'PT409', message = 'another worker has the run', constraint = 'run_leased',
      detail = format('run %s: %s until %s', p_run_id, v_run.worker, v_run.due_at), hint = 'try again when the lease has ended';
  end if;
  if v_run.status <> 'running' and (v_run.due_at is null or v_run.due_at > v_now) then
    raise exception using
      errcode = 'PT409', message = 'the run is not due', constraint = 'not_due',
      detail = concat_ws(' ', 'run', p_run_id, 'waits for', v_run.waiting_for, 'until', v_run.due_at),
      hint = 'work.due_executions lists the runs that are';
  end if;
  update work.workflow_executions as e
  set
    status = 'running', reason = null, actor = p_worker, attempt = e.attempt + 1, worker = p_worker,
    lease_seconds = p_lease_seconds, waiting_for = null, due_at = v_now + make_interval(secs => p_lease_seconds),
    updated_at = v_now
  where e.run_id = p_run_id
  returning e.* into v_run;
  return work.execution_of(v_run, false);
end
$$;
comment on function work.claim_execution(text, text, integer) is
'Claims a run that is due, for a lease. Errors: PT400, PT404 no_run, PT409 run_ended, run_leased, not_due, deadline_passed';
alter function work.claim_execution(text, text, integer) owner to pylayer_api;
revoke all on function work.claim_execution(text, text, integer) from public;
grant execute on function work.claim_execution(text, text, integer) to pylayer_agent;
