-- Whether a task of a batch can be enqueued: the short answer for the many good ones; work.check_tasks says what is wrong with
-- the others, and a test holds the two together. Without SET search_path, so that it is inlined.
--
-- Parameters: p_task, the task; the others are its keys.
-- Returns:    true when it can; false or null when not.
create or replace function work.is_task(
  p_task jsonb, p_task_name text, p_queue text, p_priority integer, p_max_retries integer, p_timeout_seconds integer,
  p_delay_seconds double precision, p_scheduled_at timestamptz, p_unique_key text, p_concurrency_key text
)
returns boolean
language sql stable parallel safe
as $$
  select
    p_task - array[
      'task_name', 'input_data', 'queue', 'priority', 'delay_seconds', 'scheduled_at', 'unique_key', 'concurrency_key',
      'max_retries', 'timeout_seconds', 'task_type', 'run_id', 'workflow_name', 'agent_id', 'project_id', 'metadata'
    ] = '{}'
    and length(p_task_name) between 1 and 200
    and (p_queue is null or p_queue ~ '^[a-z][a-z0-9_.-]{0,62}$')
    and (p_priority between 0 and 9) is not false
    and (p_max_retries between 0 and 1000) is not false
    and (p_timeout_seconds between 1 and 604800) is not false
    and (p_delay_seconds between 0 and 315360000) is not false
    and (p_delay_seconds is null or p_scheduled_at is null)
    and (p_scheduled_at between '1970-01-01 00:00:00+00' and '9999-12-31 00:00:00+00') is not false
    and (p_unique_key <> '') is not false
    and (p_concurrency_key <> '') is not false
    and (
      (pg_column_size(p_task) <= 500 and p_task -> 'metadata' is null)  -- then no field of it is longer
      or (
        pg_column_size(p_task) <= 1048576
        and coalesce(jsonb_typeof(p_task -> 'metadata') in ('object', 'null'), true)
        and coalesce(greatest(
          length(p_unique_key), length(p_concurrency_key), length(p_task ->> 'task_type'), length(p_task ->> 'run_id'),
          length(p_task ->> 'workflow_name'), length(p_task ->> 'agent_id'), length(p_task ->> 'project_id')
        ) <= 500, true)
      )
    )
$$;
comment on function work.is_task(
  jsonb, text, text, integer, integer, integer, double precision, timestamptz, text, text
) is
'True when a task of a batch can be enqueued';
alter function work.is_task(
  jsonb, text, text, integer, integer, integer, double precision, timestamptz, text, text
) owner to pylayer_api;
revoke all on function work.is_task(
  jsonb, text, text, integer, integer, integer, double precision, timestamptz, text, text
) from public;
