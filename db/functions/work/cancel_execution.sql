-- Cancels a run and all runs below it. Whoever works on one is refused at its next step.
--
-- Parameters: p_run_id; p_reason, why; p_actor, who: the first 1,000 and 500 characters are kept.
-- Returns:    the run.
-- Errors:     PT404 no_run; PT409 run_ended: it has completed or failed.
-- Tables:     work.workflow_executions (rows locked, parents first, one that waits for it included; updated),
--             telemetry.workflow_events (inserted).
-- Repeat:     safe.
create or replace function work.cancel_execution(p_run_id text, p_reason text default null, p_actor text default null)
returns work.execution_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_run work.workflow_executions;
  v_found text[] := array[p_run_id];
begin
  perform work.lock_waiting_parent(p_run_id => p_run_id);
  select e.* into v_run from work.workflow_executions as e where e.run_id = p_run_id for no key update;
  if v_run.status is null or v_run.status in ('completed', 'failed') then
    perform work.refuse_run(p_run_id => p_run_id, p_status => v_run.status);
  end if;
  -- Level by level: a run that starts another holds its own row, so nothing new appears below what is cancelled.
  while v_run.status <> 'cancelled' and cardinality(v_found) > 0 loop
    with locked as (
      select e.run_id from work.workflow_executions as e
      where e.run_id = any(v_found) and e.completed_at is null
      order by e.run_id
      for no key update
    )
    update work.workflow_executions as e
    set status = 'cancelled', reason = left(p_reason, 1000), actor = left(p_actor, 500), updated_at = clock_timestamp()
    from locked as l
    where e.run_id = l.run_id;
    v_found := array(select e.run_id from work.workflow_executions as e where e.parent_run_id = any(v_found));
  end loop;
  select e.* into v_run from work.workflow_executions as e where e.run_id = p_run_id;
  return work.execution_of(v_run, false);
end
$$;
comment on function work.cancel_execution(text, text, text) is
'Cancels a run and the runs that it started. Errors: PT404 no_run, PT409 run_ended';
alter function work.cancel_execution(text, text, text) owner to pylayer_api;
revoke all on function work.cancel_execution(text, text, text) from public;
grant execute on function work.cancel_execution(text, text, text) to pylayer_agent;
