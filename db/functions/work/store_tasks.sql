-- Stores a batch of tasks for which the short way of work.enqueue_tasks is too short: some may be there already, by their
-- unique_key, are malformed, have a concurrency_key, or are for a queue that is new or makes each change an event.
--
-- Parameters: as work.new_tasks.
-- Errors:     those of work.check_tasks; PT409 not_read_committed (with a concurrency_key); 40001 and 40P01: the same call again.
-- Tables:     work.queues (read), work.task_executions (inserted, by unique_key, so that two batches cannot deadlock),
--             work.queues (inserted), then as work.settle_changes.
create or replace function work.store_tasks(p_tasks jsonb, p_prefix text, p_now timestamptz, p_keys integer)
returns void
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids text[];
begin
  if (
    jsonb_typeof(p_tasks) = 'array' and jsonb_array_length(p_tasks) <= 10000
    and not jsonb_path_exists(p_tasks, 'strict $[*] ? (@.type() != "object")')
    and (
      select bool_and((t.is_good and q.queue is not null) is true)
      from work.new_tasks(p_tasks => p_tasks, p_prefix => p_prefix, p_now => p_now, p_keys => p_keys) as t
      left join work.queues as q on q.queue = t.queue
    )
  ) is not true then
    perform work.check_tasks(p_tasks => p_tasks);
  end if;
  with given as materialized (
    select t.*, nextval('work.task_positions') as place
    from work.new_tasks(p_tasks => p_tasks, p_prefix => p_prefix, p_now => p_now, p_keys => p_keys) as t
  ),
  stored as (
    insert into work.task_executions (
      execution_id, position, scheduled_at, created_at, status, priority, max_retries, timeout_seconds, queue, task_name,
      task_type, unique_key, concurrency_key, run_id, workflow_name, agent_id, project_id, input_data, metadata
    )
    select
      g.execution_id, g.place, g.scheduled_at, g.created_at, g.status, g.priority, g.max_retries, g.timeout_seconds, g.queue,
      g.task_name, g.task_type, g.unique_key, g.concurrency_key, g.run_id, g.workflow_name, g.agent_id, g.project_id,
      g.input_data, g.metadata
    from given as g
    order by g.unique_key, g.place
    on conflict (queue, unique_key) where unique_key is not null do nothing
    returning execution_id
  )
  select array_agg(s.execution_id) into v_ids from stored as s;
  insert into work.queues (queue)
  select distinct t.queue from work.task_executions as t where t.execution_id = any(v_ids) order by t.queue
  on conflict (queue) do nothing;
  perform work.settle_changes(p_changes => array(
    select row(
      t.execution_id, t.queue, null, t.status, t.run_id, t.workflow_name, t.project_id, t.concurrency_key, null, null, null
    )::work.task_change
    from work.task_executions as t
    inner join work.queues as q on q.queue = t.queue
    where t.execution_id = any(v_ids) and (t.concurrency_key is not null or q.events = 'all')
  ));
end
$$;
comment on function work.store_tasks(jsonb, text, timestamptz, integer) is
'Stores a batch of tasks, with what follows from them. Errors: PT400, PT409, PT413';
alter function work.store_tasks(jsonb, text, timestamptz, integer) owner to pylayer_api;
revoke all on function work.store_tasks(jsonb, text, timestamptz, integer) from public;
