-- A step that is complete once a run that this one started has completed. Until then the run waits, claimed by nobody.
--
-- Parameters: p_run_id; p_attempt, what work.claim_execution returned; p_step_name, once in a run, at most 500 bytes;
--             p_child_run_id, a run whose parent_run_id is p_run_id.
-- Returns:    the step: waiting (stop, and claim the run again when it is due), completed with the child's outputs, or failed
--             when the child failed or was cancelled: once the child is taken up again, this step is too.
-- Errors:     PT400 invalid_name; PT404 no_run (also of the child); PT409 not_a_child, stale_attempt, run_ended,
--             run_not_running, deadline_passed.
-- Tables:     work.workflow_executions (row locked, the child's for share; row updated), work.step_executions (inserted or
--             updated), telemetry.workflow_events (inserted).
-- Repeat:     safe by the same attempt.
create or replace function work.await_execution(
  p_run_id text, p_attempt integer, p_step_name text, p_child_run_id text
) returns work.step_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_run work.workflow_executions := work.lock_execution(
    p_run_id => p_run_id, p_attempt => p_attempt, p_ending => 'waiting'
  );
  v_step work.step_info := work.step_of(p_run_id => p_run_id, p_step_name => p_step_name);
  v_child work.workflow_executions;
begin
  if v_step.status = 'completed' or (v_run.status = 'waiting' and v_step.status = 'waiting') then
    return v_step;
  end if;
  if v_run.status = 'waiting' then  -- for another step
    perform work.refuse_run(p_run_id => p_run_id, p_status => v_run.status);
  end if;
  -- For share: a child that is about to end ends before, and is seen, or after, and wakes this run.
  select e.* into v_child from work.workflow_executions as e where e.run_id = p_child_run_id for share;
  if v_child.run_id is null then
    perform work.refuse_run(p_run_id => p_child_run_id, p_status => null);
  end if;
  if v_child.parent_run_id is distinct from p_run_id then
    raise exception using
      errcode = 'PT409', message = 'the run was not started by this one', constraint = 'not_a_child',
      detail = format('run %s, parent %s', p_child_run_id, coalesce(v_child.parent_run_id, 'none')),
      hint = 'start it with p_parent_run_id';
  end if;
  if v_child.completed_at is null then
    return work.suspend_execution(
      p_run => v_run, p_step_name => p_step_name, p_wakes_at => null, p_waiting_for => 'run ' || p_child_run_id
    );
  end if;
  return work.record_step(
    p_run => v_run, p_step_name => p_step_name,
    p_status => case v_child.status when 'completed' then 'completed' else 'failed' end,
    p_output => v_child.outputs,
    p_error => case when v_child.status <> 'completed' then
      concat_ws(': ', 'run ' || p_child_run_id || ' is ' || v_child.status, v_child.reason, v_child.error) end
  );
end
$$;
comment on function work.await_execution(text, integer, text, text) is
'A step that is complete once a child has completed; until then the run waits. Errors: PT400, PT404 no_run, PT409';
alter function work.await_execution(text, integer, text, text) owner to pylayer_api;
revoke all on function work.await_execution(text, integer, text, text) from public;
grant execute on function work.await_execution(text, integer, text, text) to pylayer_agent;
