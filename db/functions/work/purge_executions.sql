-- Deletes runs that ended longer ago than core.settings.run_retention_days, with their steps, signals and spans. A run stays
-- while a run below it is there, and while the one above it has not ended that long ago: a run that is taken up again
-- finds its children.
--
-- Parameters: p_limit, most runs, 1 to 10000.
-- Returns:    how many were deleted; 0: none is left, but for those that somebody holds at this moment.
-- Errors:     PT400 invalid_limit.
-- Tables:     core.settings (read); work.workflow_executions (rows locked, skipping locked ones), work.step_executions,
--             work.signals, work.execution_traces, work.workflow_executions (deleted, in this order).
-- Repeat:     safe.
create or replace function work.purge_executions(p_limit integer default 1000) returns integer
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_before timestamptz := clock_timestamp() - make_interval(
    days => (select s.run_retention_days from core.settings as s)
  );
  v_runs text[];
  v_deleted integer;
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 10000);
  v_runs := array(
    select e.run_id from work.workflow_executions as e
    left join work.workflow_executions as p on p.run_id = e.parent_run_id
    where e.status in ('completed', 'failed', 'cancelled')
      and e.created_at < v_before  -- no run ended before it was started: the index on status finds the old ones
      and e.completed_at < v_before
      and (e.parent_run_id is null or p.completed_at < v_before)
      and not exists (select from work.workflow_executions as c where c.parent_run_id = e.run_id)
    order by e.created_at
    limit p_limit
    for update of e skip locked
  );
  delete from work.step_executions as s where s.run_id = any(v_runs);
  delete from work.signals as s where s.run_id = any(v_runs);
  delete from work.execution_traces as t where t.run_id = any(v_runs);
  delete from work.workflow_executions as e where e.run_id = any(v_runs);
  get diagnostics v_deleted = row_count;
  return v_deleted;
end
$$;
comment on function work.purge_executions(integer) is
'Deletes runs that ended longer ago than the settings keep them; part of pylayer maintain. Errors: PT400 invalid_limit';
alter function work.purge_executions(integer) owner to pylayer_api;
revoke all on function work.purge_executions(integer) from public;
grant execute on function work.purge_executions(integer) to pylayer_admin;
