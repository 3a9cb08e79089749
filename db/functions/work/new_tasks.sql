-- The rows of a batch of tasks. Without SET search_path, so that it is inlined.
--
-- Parameters: p_tasks, as work.enqueue_tasks; p_prefix, the first 21 characters of their ids; p_now, the time of the batch.
-- Returns:    a row a task, in input order, with whether it can be enqueued (work.is_task), and how many of its keys are known
--             and not null.
create or replace function work.new_tasks(p_tasks jsonb, p_prefix text, p_now timestamptz)
returns table (
  execution_id text, scheduled_at timestamptz, created_at timestamptz, status work.task_status, priority integer,
  max_retries integer, timeout_seconds integer, queue text, task_name text, task_type text, unique_key text,
  concurrency_key text, run_id text, workflow_name text, agent_id text, project_id text, input_data jsonb, metadata jsonb,
  is_good boolean, known_keys integer
)
language sql stable parallel safe
as $$
  select
    p_prefix || (10000 + t.nth)::text,
    coalesce(
      t.scheduled_at, p_now + make_interval(secs => case when t.delay_seconds between 0 and 315360000 then t.delay_seconds end), p_now
    ),
    p_now,
    case
      when t.scheduled_at > p_now or t.delay_seconds > 0 then 'scheduled'
      when t.concurrency_key is not null then 'blocked'
      else 'ready'
    end::work.task_status,
    coalesce(t.priority, 5),
    coalesce(t.max_retries, 3),
    coalesce(t.timeout_seconds, 300),
    coalesce(t.queue, 'default'),
    t.task_name, t.task_type, t.unique_key, t.concurrency_key, t.run_id, t.workflow_name, t.agent_id, t.project_id,
    nullif(t.input_data, 'null'), nullif(t.metadata, 'null'),
    work.is_task(
      p_task_name => t.task_name, p_priority => t.priority, p_max_retries => t.max_retries,
      p_timeout_seconds => t.timeout_seconds, p_delay_seconds => t.delay_seconds, p_scheduled_at => t.scheduled_at,
      p_unique_key => t.unique_key, p_concurrency_key => t.concurrency_key, p_metadata => t.metadata,
      p_longest => greatest(
        length(t.unique_key), length(t.concurrency_key), length(t.task_type), length(t.run_id), length(t.workflow_name),
        length(t.agent_id), length(t.project_id)
      )
    ),
    num_nonnulls(
      t.task_name, t.input_data, t.queue, t.priority, t.delay_seconds, t.scheduled_at, t.unique_key, t.concurrency_key,
      t.max_retries, t.timeout_seconds, t.task_type, t.run_id, t.workflow_name, t.agent_id, t.project_id, t.metadata
    )
  from rows from (jsonb_to_recordset(p_tasks) as (
    task_name text, input_data jsonb, queue text, priority integer, delay_seconds double precision, scheduled_at timestamptz,
    unique_key text, concurrency_key text, max_retries integer, timeout_seconds integer, task_type text, run_id text,
    workflow_name text, agent_id text, project_id text, metadata jsonb
  )) with ordinality as t (
    task_name, input_data, queue, priority, delay_seconds, scheduled_at, unique_key, concurrency_key, max_retries,
    timeout_seconds, task_type, run_id, workflow_name, agent_id, project_id, metadata, nth
  )
$$;
comment on function work.new_tasks(jsonb, text, timestamptz) is
'The rows of a batch of tasks, with whether each can be enqueued';
alter function work.new_tasks(jsonb, text, timestamptz) owner to pylayer_api;
revoke all on function work.new_tasks(jsonb, text, timestamptz) from public;
