-- Hands out ready tasks to a worker, each under a lease: first those of the least priority number, among them queue by queue
-- as the worker names them, among those the oldest. The cost depends neither on finished nor on waiting tasks.
--
-- Parameters: p_worker, name of the worker; p_queues, at most 100; p_n, most tasks, 1 to 1000; p_lease_seconds, how long the
--             lease lasts unless work.heartbeat extends it, 1 to 3600, and never beyond the task's timeout_seconds.
-- Returns:    the tasks, in the order in which they are to run, each with its lease's token and end. None of a paused queue.
-- Errors:     PT400 invalid_worker, invalid_queues, invalid_limit, invalid_lease.
-- Tables:     as work.complete_tasks, which it is with nothing to complete.
-- Repeat:     hands out others; a lease that nobody uses expires.
create or replace function work.claim_tasks(
  p_worker text, p_queues text[] default '{default}', p_n integer default 1, p_lease_seconds integer default 60
)
returns setof work.claimed_task
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  if (p_n between 1 and 1000) is not true then
    perform work.check_claim(
      p_worker => p_worker, p_queues => p_queues, p_n => p_n, p_lease_seconds => p_lease_seconds
    );
  end if;
  return query
  select
    c.execution_id, c.lease, c.lease_expires_at, c.queue, c.task_name, c.task_type, c.priority, c.retry_count, c.max_retries,
    c.timeout_seconds, c.input_data, c.run_id, c.workflow_name, c.agent_id, c.project_id, c.metadata, c.scheduled_at,
    c.started_at
  from work.complete_tasks(
    p_tasks => '[]', p_worker => p_worker, p_queues => p_queues, p_n => p_n, p_lease_seconds => p_lease_seconds
  ) as c;
end
$$;
comment on function work.claim_tasks(text, text[], integer, integer) is
'Hands out ready tasks to a worker, each under a lease. Errors: PT400';
alter function work.claim_tasks(text, text[], integer, integer) owner to pylayer_api;
revoke all on function work.claim_tasks(text, text[], integer, integer) from public;
grant execute on function work.claim_tasks(text, text[], integer, integer) to pylayer_agent;
