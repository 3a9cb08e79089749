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
-- Tables:  work.queues (read), work.task_executions (inserted), then as work.store_tasks.
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
  v_size integer := case jsonb_typeof(p_tasks) when 'array' then jsonb_array_length(p_tasks) end;
  v_keys integer := jsonb_array_length(jsonb_path_query_array(p_tasks -> 0, '$.*.type()'));
  v_stored integer;
begin
  p_tasks := jsonb_path_query_first(p_tasks, '$');  -- a copy in memory: what comes from a table may be compressed
  if jsonb_array_length(jsonb_path_query_array(p_tasks, '$[*].*.type()')) <> v_keys * v_size or pg_column_size(p_tasks) > 1048576 then
    v_keys := null;
  end if;
  if v_size <= 10000 and (p_tasks -> 0 ? 'unique_key' or p_tasks -> 0 ? 'concurrency_key') is not true then
    -- The short way, in a subtransaction: all or none.
    begin
      insert into work.task_executions (
        execution_id, scheduled_at, created_at, status, priority, max_retries, timeout_seconds, queue, task_name, task_type,
        run_id, workflow_name, agent_id, project_id, input_data, metadata
      )
      select
        g.execution_id, g.scheduled_at, g.created_at, g.status, g.priority, g.max_retries, g.timeout_seconds, g.queue,
        g.task_name, g.task_type, g.run_id, g.workflow_name, g.agent_id, g.project_id, g.input_data, g.metadata
      from work.new_tasks(p_tasks => p_tasks, p_prefix => v_prefix, p_now => v_now, p_keys => v_keys) as g
      where g.is_good and g.unique_key is null and g.concurrency_key is null
        and g.queue = (
          select q.queue from work.queues as q
          where q.queue = coalesce(p_tasks -> 0 ->> 'queue', 'default') and q.events <> 'all'
        );
      get diagnostics v_stored = row_count;
      if v_stored < v_size then
        raise exception using
          errcode = 'PT400', message = 'a task is malformed', constraint = 'invalid_task',
          detail = format('%s of %s tasks were stored', v_stored, v_size), hint = 'the long way tells whether one is';
      end if;
      return query select g.n, v_prefix || (10000 + g.n)::text, true from generate_series(1, v_size) as g (n);
      return;
    exception when sqlstate 'PT400' or invalid_parameter_value then
      null;  -- the latter: one is not an object
    end;
  end if;
  perform work.store_tasks(p_tasks => p_tasks, p_prefix => v_prefix, p_now => v_now, p_keys => v_keys);
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
