-- Refuses a batch of tasks that has a task which is none.
--
-- Parameters: p_tasks, as work.enqueue_tasks.
-- Errors:     PT400 not_an_array, invalid_task; PT413 too_many_tasks, task_limit; 22P02, 22003 and 22007: of a wrong type.
create or replace function work.check_tasks(p_tasks jsonb)
returns void
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_problem record;
begin
  if jsonb_typeof(p_tasks) is distinct from 'array' then
    raise exception using
      errcode = 'PT400', message = 'tasks are not a JSON array', constraint = 'not_an_array',
      detail = coalesce(jsonb_typeof(p_tasks), 'null'), hint = 'enqueue one task with work.enqueue_task';
  elsif jsonb_array_length(p_tasks) > 10000 then
    raise exception using
      errcode = 'PT413', message = 'the batch has too many tasks', constraint = 'too_many_tasks',
      detail = format('%s tasks, limit 10000', jsonb_array_length(p_tasks)), hint = 'send several batches';
  end if;
  select t.nth, t.problem into v_problem
  from (
    select
      e.nth,
      case
        when jsonb_typeof(e.task) <> 'object' then 'not an object'
        when e.task - array[
          'task_name', 'input_data', 'queue', 'priority', 'delay_seconds', 'scheduled_at', 'unique_key', 'concurrency_key',
          'max_retries', 'timeout_seconds', 'task_type', 'run_id', 'workflow_name', 'agent_id', 'project_id', 'metadata'
        ] <> '{}' then 'unknown key'
        when (length(e.task ->> 'task_name') between 1 and 200) is not true then 'task_name: 1 to 200 characters'
        when e.task ->> 'queue' !~ '^[a-z][a-z0-9_.-]{0,62}$' then 'queue: a-z, then up to 62 of a-z, 0-9, _, . and -'
        when (e.task ->> 'priority')::integer not between 0 and 9 then 'priority: 0 to 9'
        when (e.task ->> 'max_retries')::integer not between 0 and 1000 then 'max_retries: 0 to 1000'
        when (e.task ->> 'timeout_seconds')::integer not between 1 and 604800 then 'timeout_seconds: 1 to 604800'
        when (e.task ->> 'delay_seconds')::double precision not between 0 and 315360000 then 'delay_seconds: 0 to 315360000'
        when e.task ->> 'delay_seconds' is not null and e.task ->> 'scheduled_at' is not null
          then 'delay_seconds or scheduled_at, not both'
        when (e.task ->> 'scheduled_at')::timestamptz not between '1970-01-01 00:00:00+00' and '9999-12-31 00:00:00+00'
          then 'scheduled_at: 1970 to 9999'
        when e.task -> 'metadata' is not null and jsonb_typeof(e.task -> 'metadata') not in ('object', 'null')
          then 'metadata: an object'
        when greatest(
          length(e.task ->> 'unique_key'), length(e.task ->> 'concurrency_key'), length(e.task ->> 'task_type'),
          length(e.task ->> 'run_id'), length(e.task ->> 'workflow_name'), length(e.task ->> 'agent_id'),
          length(e.task ->> 'project_id')
        ) > 500 then 'a key or an id: at most 500 characters'
        when '' in (e.task ->> 'unique_key', e.task ->> 'concurrency_key') then 'unique_key, concurrency_key: not empty'
        when pg_column_size(e.task) > 1048576 then 'over 1 MiB'
      end as problem
    from jsonb_array_elements(p_tasks) with ordinality as e (task, nth)
  ) as t
  where t.problem is not null
  limit 1;
  if not found then
    return;
  elsif v_problem.problem = 'over 1 MiB' then
    raise exception using
      errcode = 'PT413', message = 'a task is too large', constraint = 'task_limit',
      detail = format('task %s is over 1 MiB', v_problem.nth), hint = 'keep what is large as an artifact, and its id in the task';
  end if;
  raise exception using
    errcode = 'PT400', message = 'a task is malformed', constraint = 'invalid_task',
    detail = format('task %s: %s', v_problem.nth, v_problem.problem), hint = 'work.enqueue_tasks names the keys of a task';
end
$$;
comment on function work.check_tasks(jsonb) is
'Refuses a batch of tasks that has a task which is none. Errors: PT400, PT413';
alter function work.check_tasks(jsonb) owner to pylayer_api;
revoke all on function work.check_tasks(jsonb) from public;
