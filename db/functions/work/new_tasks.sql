-- The rows of a batch of good tasks. Without SET search_path, so that it is inlined.
--
-- Parameters: p_tasks, as work.enqueue_tasks; p_prefix, the first 21 characters of their ids; p_now, the time of the batch.
create or replace function work.new_tasks(p_tasks jsonb, p_prefix text, p_now timestamptz)
returns table (
  execution_id text, scheduled_at timestamptz, created_at timestamptz, status work.task_status, priority integer,
  max_retries integer, timeout_seconds integer, queue text, task_name text, task_type text, unique_key text,
  concurrency_key text, run_id text, workflow_name text, agent_id text, project_id text, input_data jsonb, metadata jsonb
)
language sql stable parallel safe
as $$
  select
    p_prefix || (10000 + t.nth)::text,
    coalesce(t.scheduled_at, p_now + make_interval(secs => t.delay_seconds), p_now),
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
    nullif(t.input_data, 'null'), nullif(t.metadata, 'null')
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
'The rows of a batch of good tasks';
alter function work.new_tasks(jsonb, text, timestamptz) owner to pylayer_api;
revoke all on function work.new_tasks(jsonb, text, timestamptz) from public;
