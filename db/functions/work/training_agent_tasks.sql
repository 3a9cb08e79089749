-- Streams the tasks that ended in a time range, with what they were given and returned, in id order, for a training data set.
-- Without SET search_path and not SECURITY DEFINER, so that it is inlined: a function that is called keeps all rows first.
--
-- Parameters: p_from, p_to: range of finished_at, p_to exclusive. A range that is over, once the transactions that were writing
--             at its end have ended, gives the same rows each time, until they are purged (work.tasks_kept_from) or, failed
--             ones, queued again.
-- Returns:    one row a task that completed or failed for good, in execution_id order.
-- Tables:     work.task_executions (read from its oldest task on; the caller needs the right to).
create or replace function work.training_agent_tasks(p_from timestamptz, p_to timestamptz)
returns table (
  execution_id text, queue text, task_name text, task_type text, status text, priority integer, retry_count integer,
  max_retries integer, run_id text, workflow_name text, agent_id text, project_id text, input_data jsonb,
  output_data jsonb, error text, execution_time_ms bigint, created_at timestamptz, scheduled_at timestamptz,
  started_at timestamptz, finished_at timestamptz, metadata jsonb
)
language sql stable parallel safe
as $$
  select
    t.execution_id, t.queue, t.task_name, t.task_type, t.status::text, t.priority, t.retry_count, t.max_retries, t.run_id,
    t.workflow_name, t.agent_id, t.project_id, t.input_data, t.output_data, t.error, t.execution_time_ms, t.created_at,
    t.scheduled_at, t.started_at, t.finished_at, t.metadata
  from work.task_executions as t
  -- A task is no older than its id says.
  where t.execution_id < (select core.ulid_floor(p_to + interval '1 minute'))
    and t.finished_at >= p_from
    and t.finished_at < p_to
  order by t.execution_id
$$;
comment on function work.training_agent_tasks(timestamptz, timestamptz) is
'Tasks that ended in a time range, with input and output, in id order';
alter function work.training_agent_tasks(timestamptz, timestamptz) owner to pylayer_api;
revoke all on function work.training_agent_tasks(timestamptz, timestamptz) from public;
grant execute on function work.training_agent_tasks(timestamptz, timestamptz) to pylayer_admin, pylayer_analyst;
