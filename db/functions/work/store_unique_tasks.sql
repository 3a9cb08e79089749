-- Stores a batch that work.enqueue_tasks has not stored in its first statement: good tasks, as far as their unique keys are not
-- taken. Some have such a key, or the batch needed the long check.
--
-- Parameters: as work.new_tasks.
-- Returns:    the ids of those that were stored; null when none was.
-- Errors:     40001 and 40P01: the same call again.
-- Tables:     work.task_executions (inserted, by unique_key, so that two batches cannot deadlock).
create or replace function work.store_unique_tasks(p_tasks jsonb, p_prefix text, p_now timestamptz)
returns text[]
language sql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
  with given as materialized (
    select t.*, nextval('work.task_positions') as place
    from work.new_tasks(p_tasks => p_tasks, p_prefix => p_prefix, p_now => p_now) as t
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
  select array_agg(s.execution_id) from stored as s
$$;
comment on function work.store_unique_tasks(jsonb, text, timestamptz) is
'Stores a batch of good tasks, as far as their unique keys are not taken. Errors: 40001, 40P01';
alter function work.store_unique_tasks(jsonb, text, timestamptz) owner to pylayer_api;
revoke all on function work.store_unique_tasks(jsonb, text, timestamptz) from public;
