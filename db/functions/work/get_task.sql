-- One task.
--
-- Parameters: p_execution_id.
-- Returns:    the task, without the token of its lease.
-- Errors:     PT404 no_task.
-- Tables:     work.task_executions (read).
create or replace function work.get_task(p_execution_id text)
returns work.task_info
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_task work.task_info;
begin
  select
    t.execution_id, t.queue, t.task_name::text, t.task_type, t.status, t.priority::integer, t.retry_count::integer,
    t.max_retries::integer, t.timeout_seconds::integer, t.input_data, t.output_data, t.error, t.unique_key, t.concurrency_key,
    t.run_id, t.workflow_name, t.agent_id, t.project_id, t.worker, t.metadata, t.created_at, t.scheduled_at, t.started_at,
    t.lease_expires_at, t.finished_at, t.execution_time_ms
  into v_task
  from work.task_executions as t
  where t.execution_id = p_execution_id;
  if not found then
    perform work.refuse_lease(p_execution_id => p_execution_id, p_lease => null);
  end if;
  return v_task;
end
$$;
comment on function work.get_task(text) is
'One task, without the token of its lease. Errors: PT404 no_task';
alter function work.get_task(text) owner to pylayer_api;
revoke all on function work.get_task(text) from public;
grant execute on function work.get_task(text) to pylayer_agent, pylayer_admin;
