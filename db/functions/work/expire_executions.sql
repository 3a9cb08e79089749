-- Makes the runs fail whose deadline has passed. Those that somebody holds at this moment wait for the next time.
--
-- Parameters: p_limit, most runs, 1 to 10,000.
-- Returns:    how many failed.
-- Errors:     PT400 invalid_limit.
-- Tables:     work.workflow_executions (parents, then rows locked, skipping locked ones; updated),
--             telemetry.workflow_events (inserted).
-- Repeat:     safe.
create or replace function work.expire_executions(p_limit integer default 1000) returns integer
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: the admin may not change the table
set search_path = pg_catalog, pg_temp
as $$
declare
  v_found text[];
  v_parents text[];
  v_expired integer;
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 10000);
  v_found := array(
    select e.run_id from work.workflow_executions as e
    where e.deadline <= clock_timestamp() and e.completed_at is null
    order by e.deadline
    limit p_limit
  );
  -- From the top down, and waiting for nobody: a run whose parent somebody holds is not ended now either, for who ends it
  -- wakes the parent.
  v_parents := array(
    select p.run_id from work.workflow_executions as p
    where p.run_id in (select e.parent_run_id from work.workflow_executions as e where e.run_id = any(v_found))
    for no key update skip locked
  );
  with overdue as (
    select e.run_id from work.workflow_executions as e
    where e.run_id = any(v_found) and e.deadline <= clock_timestamp() and e.completed_at is null
      and (e.parent_run_id is null or e.parent_run_id = any(v_parents))
    for no key update skip locked
  )
  update work.workflow_executions as e
  set
    status = 'failed', reason = 'deadline_passed', actor = null, error = 'the deadline has passed',
    error_count = e.error_count + 1, updated_at = clock_timestamp()
  from overdue as o
  where e.run_id = o.run_id;
  get diagnostics v_expired = row_count;
  return v_expired;
end
$$;
comment on function work.expire_executions(integer) is
'Makes the runs fail whose deadline has passed; part of pylayer maintain. Errors: PT400 invalid_limit';
alter function work.expire_executions(integer) owner to pylayer_api;
revoke all on function work.expire_executions(integer) from public;
grant execute on function work.expire_executions(integer) to pylayer_admin;
