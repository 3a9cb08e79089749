-- Locks a running run for whoever holds its latest attempt, and refuses everybody else: the fence.
--
-- Parameters: p_run_id; p_attempt, what work.claim_execution returned; p_ending, the status with which the call ends the
--             attempt, null when it does not: a run that this attempt has left so is returned, so that a repeat is safe.
-- Returns:    the row.
-- Errors:     PT404 no_run; PT409 run_ended, run_not_running, stale_attempt, deadline_passed (to fail is always allowed).
-- Tables:     work.workflow_executions (row locked until the end of the transaction).
create or replace function work.lock_execution(p_run_id text, p_attempt integer, p_ending text default null)
returns work.workflow_executions
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_run work.workflow_executions;
begin
  select e.* into v_run from work.workflow_executions as e where e.run_id = p_run_id for no key update;
  if v_run.attempt is distinct from p_attempt and v_run.status in ('running', 'waiting') then
    raise exception using
      errcode = 'PT409', message = 'another attempt has taken the run over', constraint = 'stale_attempt',
      detail = format('run %s: attempt %s, given %s', p_run_id, v_run.attempt, coalesce(p_attempt::text, 'null')),
      hint = 'stop working on it: what this attempt does is no longer recorded';
  end if;
  if v_run.attempt = p_attempt and v_run.status = p_ending then
    return v_run;
  end if;
  if v_run.status is distinct from 'running' then
    perform work.refuse_run(p_run_id => p_run_id, p_status => v_run.status);
  end if;
  if v_run.deadline <= clock_timestamp() and p_ending is distinct from 'failed' then
    raise exception using
      errcode = 'PT409', message = 'the deadline of the run has passed', constraint = 'deadline_passed',
      detail = format('run %s: %s', p_run_id, v_run.deadline), hint = 'stop working on it, and call work.fail_execution';
  end if;
  return v_run;
end
$$;
comment on function work.lock_execution(text, integer, text) is
'Locks a running run for whoever holds its latest attempt, and refuses everybody else';
alter function work.lock_execution(text, integer, text) owner to pylayer_api;
revoke all on function work.lock_execution(text, integer, text) from public;
