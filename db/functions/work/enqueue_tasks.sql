-- Enqueues a batch of tasks. A queue that is not there is made, with the defaults.
--
-- Parameters: p_tasks, a JSON array of at most 10000 objects with the keys
--   task_name        name of the handler; the only key that is required
--   input_data       what the handler is given
--   queue            default "default"
--   priority         0 (first) to 9 (last), default 5
--   delay_seconds    or scheduled_at: when it may run at the earliest
--   unique_key       no two tasks of a queue have the same: such a task is enqueued once, until it is deleted
--   concurrency_key  of the queue's tasks with the same, key_limit are ready or running at once
--   max_retries      default 3; timeout_seconds of one attempt, default 300
--   task_type, run_id, workflow_name, agent_id, project_id, metadata
-- Returns: one row a task, in input order: its place, its id, and whether this call made it.
-- Errors:  PT400 not_an_array, invalid_task; PT409 not_read_committed (with a concurrency_key); PT413 too_many_tasks, task_limit;
--          22P02, 22003, 22007; 40001 and 40P01: the same call again.
-- Tables:  work.queues (read), work.task_executions (inserted; with unique keys as work.store_unique_tasks), work.queues
--          (inserted, when there is a new one), then as work.settle_changes.
-- Repeat:  safe for tasks with a unique_key.
create or replace function work.enqueue_tasks(p_tasks jsonb)
returns table ("position" integer, execution_id text, created boolean)
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan  -- one plan, made once
as $$
#variable_conflict use_column
declare
  v_now timestamptz := clock_timestamp();
  v_prefix text := left(work.new_task_id(p_now => v_now), 21);  -- the ids of a batch count up, as ULIDs of one millisecond may
  v_batch record;
  v_ids text[];
begin
  if (
    jsonb_typeof(p_tasks) = 'array' and jsonb_array_length(p_tasks) <= 10000
    and not jsonb_path_exists(p_tasks, '$[*] ? (@.type() != "object")')
  ) is not true then
    perform work.check_tasks(p_tasks => p_tasks);
  end if;
  with given as materialized (
    select t.* from work.new_tasks(p_tasks => p_tasks, p_prefix => v_prefix, p_now => v_now) as t
  ),
  batch as materialized (
    select
      count(*)::integer as size,
      bool_and(q.queue is not null and g.is_good)
      and sum(g.known_keys) = jsonb_array_length(jsonb_path_query_array(p_tasks, '$[*].*'))
      and pg_column_size(p_tasks) <= 1048576 as is_good,
      bool_or(g.unique_key is not null) as has_unique_keys,
      bool_or(g.concurrency_key is not null or q.queue is null or q.events = 'all') as is_told
    from given as g
    left join work.queues as q on q.queue = g.queue
  ),
  stored as (
    insert into work.task_executions (
      execution_id, scheduled_at, created_at, status, priority, max_retries, timeout_seconds, queue, task_name, task_type,
      concurrency_key, run_id, workflow_name, agent_id, project_id, input_data, metadata
    )
    select
      g.execution_id, g.scheduled_at, g.created_at, g.status, g.priority, g.max_retries, g.timeout_seconds, g.queue,
      g.task_name, g.task_type, g.concurrency_key, g.run_id, g.workflow_name, g.agent_id, g.project_id, g.input_data,
      g.metadata
    from given as g
    where (select b.is_good and not b.has_unique_keys from batch as b)
  )
  select b.size, b.is_good, b.is_good and not b.has_unique_keys as is_stored, b.is_told into v_batch from batch as b;
  -- The long check, which says what is wrong, for batches that are not good beyond doubt.
  if v_batch.is_good is not true then
    perform work.check_tasks(p_tasks => p_tasks);
  end if;
  if v_batch.is_stored is not true then
    v_ids := work.store_unique_tasks(p_tasks => p_tasks, p_prefix => v_prefix, p_now => v_now);
  end if;
  if v_batch.is_told then
    if v_batch.is_stored then
      v_ids := array(select v_prefix || (10000 + g.n)::text from generate_series(1, v_batch.size) as g (n));
    end if;
    insert into work.queues (queue)
    select distinct t.queue from work.task_executions as t where t.execution_id = any(v_ids) order by t.queue
    on conflict (queue) do nothing;
    perform work.settle_changes(array(
      select row(
        t.execution_id, t.queue, null, t.status, t.run_id, t.workflow_name, t.project_id, t.concurrency_key, null, null, null
      )::work.task_change
      from work.task_executions as t
      where t.execution_id = any(v_ids)
    ));
  end if;

  if v_batch.is_stored then
    return query select g.n, v_prefix || (10000 + g.n)::text, true from generate_series(1, v_batch.size) as g (n);
    return;
  end if;
  return query
  select g.nth::integer, coalesce(u.execution_id, g.id), u.execution_id is null or u.execution_id = g.id
  from (
    select e.nth, e.task, v_prefix || (10000 + e.nth)::text as id
    from jsonb_array_elements(p_tasks) with ordinality as e (task, nth)
  ) as g
  left join work.task_executions as u
    on u.queue = coalesce(g.task ->> 'queue', 'default') and u.unique_key = g.task ->> 'unique_key'
  order by g.nth;
end
$$;
comment on function work.enqueue_tasks(jsonb) is
'Enqueues a batch of tasks; one row a task in input order, created or, by its unique_key, found. Errors: PT400, PT409, PT413';
alter function work.enqueue_tasks(jsonb) owner to pylayer_api;
revoke all on function work.enqueue_tasks(jsonb) from public;
grant execute on function work.enqueue_tasks(jsonb) to pylayer_agent;
