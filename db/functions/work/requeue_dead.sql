-- Queues dead letters again, with all their retries before them.
--
-- Parameters: p_execution_ids, which ones; null is any. p_queue, of which queue; null is any. p_limit, most tasks, 1 to 10000.
-- Returns:    the ids of those that were failed and are now ready, or blocked by their key, the oldest first.
-- Errors:     PT400 invalid_limit; PT409 not_read_committed (with a concurrency_key).
-- Tables:     work.task_executions (rows locked, skipping locked ones, and updated), then as work.settle_changes.
-- Repeat:     safe: what is queued is not failed any more.
create or replace function work.requeue_dead(
  p_execution_ids text[] default null, p_queue text default null, p_limit integer default 1000
)
returns setof text
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_changes work.task_change[];
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 10000);
  with dead as (
    select f.execution_id from work.task_executions as f
    where f.status = 'failed'
      and (p_execution_ids is null or f.execution_id = any(p_execution_ids))
      and (p_queue is null or f.queue = p_queue)
    order by f.execution_id
    limit p_limit
    for no key update skip locked
  ),
  queued as (
    update work.task_executions as t
    set
      status = case when t.concurrency_key is null then 'ready' else 'blocked' end::work.task_status,
      position = nextval('work.task_positions'),
      retry_count = 0,
      lease = null,
      finished_at = null,
      scheduled_at = clock_timestamp()
    from dead as d
    where t.execution_id = d.execution_id
    returning t.*
  )
  select coalesce(array_agg(row(
    q.execution_id, q.queue, 'failed', q.status, q.run_id, q.workflow_name, q.project_id, q.concurrency_key, null, null,
    null
  )::work.task_change order by q.execution_id), '{}')
  into v_changes
  from queued as q;
  perform work.settle_changes(p_changes => v_changes);
  return query select c.execution_id from unnest(v_changes) as c;
end
$$;
comment on function work.requeue_dead(text[], text, integer) is
'Queues dead letters again, with all their retries before them. Errors: PT400 invalid_limit';
alter function work.requeue_dead(text[], text, integer) owner to pylayer_api;
revoke all on function work.requeue_dead(text[], text, integer) from public;
grant execute on function work.requeue_dead(text[], text, integer) to pylayer_admin;
