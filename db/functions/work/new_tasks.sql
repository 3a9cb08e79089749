-- The rows of a batch of tasks. Without SET search_path, so that it is inlined.
--
-- Parameters: p_tasks, as work.enqueue_tasks, an array of objects; p_prefix, the first 21 characters of their ids; p_now, the
--             time of the batch; p_keys, how many keys they have on average, when the first has as many; else, and when
--             one may be over 1 MiB, null.
-- Returns:    a row a task, in input order. When is_good is true of all of them, they can be enqueued: the short answer for the
--             many that can. Of one alone it says less: with a key too many it may be called good, but then another has one too
--             few and is not. work.check_tasks says what is wrong, and a test holds the two together.
create or replace function work.new_tasks(p_tasks jsonb, p_prefix text, p_now timestamptz, p_keys integer)
returns table (
  execution_id text, scheduled_at timestamptz, created_at timestamptz, status work.task_status, priority integer,
  max_retries integer, timeout_seconds integer, queue text, task_name text, task_type text, unique_key text,
  concurrency_key text, run_id text, workflow_name text, agent_id text, project_id text, input_data jsonb, metadata jsonb,
  is_good boolean
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
    length(t.task_name) between 1 and 200
    and (t.priority between 0 and 9) is not false
    and (
      num_nonnulls(t.task_name, t.input_data, t.queue, t.priority) = p_keys  -- most tasks have nothing else
      or (t.max_retries between 0 and 1000) is not false
      and (t.timeout_seconds between 1 and 604800) is not false
      and (t.delay_seconds between 0 and 315360000) is not false
      and (t.delay_seconds is null or t.scheduled_at is null)
      and (t.scheduled_at between timestamptz '1970-01-01 00:00:00+00' and timestamptz '9999-12-31 00:00:00+00') is not false
      and (t.unique_key <> '') is not false
      and (t.concurrency_key <> '') is not false
      and (jsonb_typeof(t.metadata) in ('object', 'null')) is not false
      and (
        greatest(
          length(t.unique_key), length(t.concurrency_key), length(t.task_type), length(t.run_id), length(t.workflow_name),
          length(t.agent_id), length(t.project_id)
        ) <= 500
      ) is not false
      -- no key that is unknown or null
      and num_nonnulls(
        t.task_name, t.input_data, t.queue, t.priority, t.delay_seconds, t.scheduled_at, t.unique_key, t.concurrency_key,
        t.max_retries, t.timeout_seconds, t.task_type, t.run_id, t.workflow_name, t.agent_id, t.project_id, t.metadata
      ) = coalesce(p_keys, case
        when pg_column_size(p_tasks -> (t.nth - 1)::integer) <= 1048576
          then jsonb_array_length(jsonb_path_query_array(p_tasks -> (t.nth - 1)::integer, '$.*.type()'))
      end)
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
comment on function work.new_tasks(jsonb, text, timestamptz, integer) is
'The rows of a batch of tasks, with whether each can be enqueued';
alter function work.new_tasks(jsonb, text, timestamptz, integer) owner to pylayer_api;
revoke all on function work.new_tasks(jsonb, text, timestamptz, integer) from public;
