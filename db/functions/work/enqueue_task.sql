-- Enqueues one task.
--
-- Parameters: p_task_name, name of the handler; p_input_data, what it is given; p_queue; p_priority, 0 (first) to 9 (last);
--             p_delay_seconds, or p_scheduled_at: when it may run at the earliest; p_unique_key, such a task is enqueued once;
--             p_concurrency_key, of tasks with the same key_limit run at once; p_max_retries; p_timeout_seconds of one attempt;
--             p_task_type, p_run_id, p_workflow_name, p_agent_id, p_project_id, p_metadata.
-- Returns:    its id, and whether this call made it.
-- Errors:     those of work.enqueue_tasks.
-- Tables:     as work.enqueue_tasks.
-- Repeat:     safe with a unique_key.
create or replace function work.enqueue_task(
  p_task_name text,
  p_input_data jsonb default null,
  p_queue text default 'default',
  p_priority integer default 5,
  p_delay_seconds double precision default null,
  p_scheduled_at timestamptz default null,
  p_unique_key text default null,
  p_concurrency_key text default null,
  p_max_retries integer default 3,
  p_timeout_seconds integer default 300,
  p_task_type text default null,
  p_run_id text default null,
  p_workflow_name text default null,
  p_agent_id text default null,
  p_project_id text default null,
  p_metadata jsonb default null,
  out execution_id text,
  out created boolean
)
returns record
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan  -- one plan, made once
as $$
#variable_conflict use_column
declare
  v_now timestamptz := clock_timestamp();
begin
  -- The short way of most tasks; all others go that of a batch.
  if coalesce(p_unique_key, p_concurrency_key) is null
    and p_delay_seconds is null
    and p_scheduled_at is null
    and length(p_task_name) between 1 and 200
    and p_priority between 0 and 9
    and p_max_retries between 0 and 1000
    and p_timeout_seconds between 1 and 604800
    and octet_length(concat(p_task_type, p_run_id, p_workflow_name, p_agent_id, p_project_id)) <= 500
    and (jsonb_typeof(p_metadata) = 'object') is not false
    and coalesce(pg_column_size(p_input_data), 0) + coalesce(pg_column_size(p_metadata), 0) <= 1000000
    -- the size of what comes compressed from a table tells nothing
    and coalesce(pg_column_compression(p_input_data), pg_column_compression(p_metadata)) is null then
    insert into work.task_executions as t (
      execution_id, scheduled_at, created_at, status, priority, max_retries, timeout_seconds, queue, task_name, task_type,
      run_id, workflow_name, agent_id, project_id, input_data, metadata
    )
    select
      work.new_task_id(p_now => v_now), v_now, v_now, 'ready', p_priority, p_max_retries, p_timeout_seconds, q.queue,
      p_task_name, p_task_type, p_run_id, p_workflow_name, p_agent_id, p_project_id, nullif(p_input_data, 'null'), p_metadata
    from work.queues as q
    where q.queue = p_queue and q.events <> 'all'
    returning t.execution_id, true into execution_id, created;
    if found then
      return;
    end if;
  end if;
  select e.execution_id, e.created into execution_id, created
  from work.enqueue_tasks(p_tasks => jsonb_build_array(
    jsonb_strip_nulls(jsonb_build_object(
      'task_name', p_task_name, 'queue', p_queue, 'priority', p_priority, 'delay_seconds', p_delay_seconds,
      'scheduled_at', p_scheduled_at, 'unique_key', p_unique_key, 'concurrency_key', p_concurrency_key,
      'max_retries', p_max_retries, 'timeout_seconds', p_timeout_seconds, 'task_type', p_task_type, 'run_id', p_run_id,
      'workflow_name', p_workflow_name, 'agent_id', p_agent_id, 'project_id', p_project_id
    )) || jsonb_build_object('input_data', p_input_data, 'metadata', p_metadata)
  )) as e;
end
$$;
comment on function work.enqueue_task(
  text, jsonb, text, integer, double precision, timestamptz, text, text, integer, integer, text, text, text, text, text, jsonb
) is
'Enqueues one task; created or, by its unique_key, found. Errors: PT400, PT409, PT413';
alter function work.enqueue_task(
  text, jsonb, text, integer, double precision, timestamptz, text, text, integer, integer, text, text, text, text, text, jsonb
) owner to pylayer_api;
revoke all on function work.enqueue_task(
  text, jsonb, text, integer, double precision, timestamptz, text, text, integer, integer, text, text, text, text, text, jsonb
) from public;
grant execute on function work.enqueue_task(
  text, jsonb, text, integer, double precision, timestamptz, text, text, integer, integer, text, text, text, text, text, jsonb
) to pylayer_agent;
