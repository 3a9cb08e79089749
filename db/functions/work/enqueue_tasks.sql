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
-- Tables:  work.task_executions (inserted, by unique_key, so that two batches cannot deadlock), work.queues (read; inserted),
--          then as work.settle_changes.
-- Repeat:  safe for tasks with a unique_key.
create or replace function work.enqueue_tasks(p_tasks jsonb)
returns table ("position" integer, execution_id text, created boolean)
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_now timestamptz := clock_timestamp();
  v_prefix text := left(core.new_ulid(v_now), 23);  -- the ids of a batch count up, as ULIDs of one millisecond may
  v_ids text[];
  v_queues text[];
  v_has_keys boolean;
begin
  if (jsonb_typeof(p_tasks) = 'array' and jsonb_array_length(p_tasks) <= 10000) is not true then
    perform work.check_tasks(p_tasks => p_tasks);
  end if;
  with given as materialized (
    select
      g.*,
      nextval('work.task_positions') as place,
      work.is_task(
        p_task => g.task, p_task_name => g.task_name, p_queue => g.queue, p_priority => g.priority,
        p_max_retries => g.max_retries, p_timeout_seconds => g.timeout_seconds, p_delay_seconds => g.delay_seconds,
        p_scheduled_at => g.scheduled_at, p_unique_key => g.unique_key, p_concurrency_key => g.concurrency_key
      ) as is_good
    from rows from (
      jsonb_to_recordset(p_tasks) as (
        task_name text, input_data jsonb, queue text, priority integer, delay_seconds double precision,
        scheduled_at timestamptz, unique_key text, concurrency_key text, max_retries integer, timeout_seconds integer,
        task_type text, run_id text, workflow_name text, agent_id text, project_id text, metadata jsonb
      ),
      jsonb_array_elements(p_tasks)
    ) with ordinality as g (
      task_name, input_data, queue, priority, delay_seconds, scheduled_at, unique_key, concurrency_key, max_retries,
      timeout_seconds, task_type, run_id, workflow_name, agent_id, project_id, metadata, task, nth
    )
  ),
  stored as (
    insert into work.task_executions (
      execution_id, position, scheduled_at, created_at, status, priority, max_retries, timeout_seconds, queue, task_name,
      task_type, unique_key, concurrency_key, run_id, workflow_name, agent_id, project_id, input_data, metadata
    )
    select
      v_prefix || work.id_suffix(g.nth::integer),
      g.place,
      coalesce(g.scheduled_at, v_now + make_interval(secs => g.delay_seconds), v_now),
      v_now,
      case
        when g.scheduled_at > v_now or g.delay_seconds > 0 then 'scheduled'
        when g.concurrency_key is not null then 'blocked'
        else 'ready'
      end::work.task_status,
      coalesce(g.priority, 5),
      coalesce(g.max_retries, 3),
      coalesce(g.timeout_seconds, 300),
      coalesce(g.queue, 'default'),
      g.task_name, g.task_type, g.unique_key, g.concurrency_key, g.run_id, g.workflow_name, g.agent_id, g.project_id,
      nullif(g.input_data, 'null'), nullif(g.metadata, 'null')
    from given as g
    where (select bool_and(w.is_good is true) from given as w)
    order by g.unique_key, g.nth
    on conflict (queue, unique_key) where unique_key is not null do nothing
    returning execution_id::text, position, queue, concurrency_key is not null as has_key
  )
  select array_agg(s.execution_id order by s.position), array_agg(distinct s.queue), bool_or(s.has_key)
  into v_ids, v_queues, v_has_keys
  from stored as s;

  if (select count(*) filter (where q.events <> 'all') from work.queues as q where q.queue = any(v_queues))
    < cardinality(v_queues) or v_has_keys then
    insert into work.queues (queue) select unnest(v_queues) order by 1 on conflict (queue) do nothing;
    perform work.settle_changes(array(
      select row(
        t.execution_id, t.queue, null, t.status, t.run_id, t.workflow_name, t.project_id, t.concurrency_key, null, null, null
      )::work.task_change
      from work.task_executions as t
      where t.execution_id = any(v_ids)
    ));
  end if;
  if cardinality(v_ids) = jsonb_array_length(p_tasks) then
    return query select i.nth::integer, i.id, true from unnest(v_ids) with ordinality as i (id, nth);
    return;
  end if;
  perform work.check_tasks(p_tasks => p_tasks);
  return query
  select g.nth::integer, coalesce(u.execution_id, g.id)::text, u.execution_id is null or u.execution_id = g.id
  from (
    select e.nth, e.task, v_prefix || work.id_suffix(e.nth::integer) as id
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
