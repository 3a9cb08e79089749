-- Deletes completed tasks that are older than their queue keeps them. Dead letters stay.
--
-- Parameters: p_limit, most tasks, 1 to 10000.
-- Returns:    how many were deleted; fewer than p_limit: none is left.
-- Errors:     PT400 invalid_limit.
-- Tables:     work.queues (read), work.task_executions (rows locked, skipping locked ones, and deleted).
-- Repeat:     safe.
create or replace function work.purge_tasks(p_limit integer default 10000)
returns integer
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_deleted integer;
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 10000);
  delete from work.task_executions as t
  using (
    select o.execution_id from work.task_executions as o
    inner join work.queues as q on q.queue = o.queue
    -- A task is no older than its id says: the primary key finds the old ones without an index of its own.
    where o.execution_id < core.ulid_floor(
        v_now - make_interval(days => (select min(k.retention_days) from work.queues as k))
      )
      and o.status = 'completed'
      and o.finished_at < v_now - make_interval(days => q.retention_days)
    order by o.execution_id
    limit p_limit
    for no key update of o skip locked
  ) as old
  where t.execution_id = old.execution_id;
  get diagnostics v_deleted = row_count;
  return v_deleted;
end
$$;
comment on function work.purge_tasks(integer) is
'Deletes completed tasks that are older than their queue keeps them. Errors: PT400 invalid_limit';
alter function work.purge_tasks(integer) owner to pylayer_api;
revoke all on function work.purge_tasks(integer) from public;
grant execute on function work.purge_tasks(integer) to pylayer_admin;
