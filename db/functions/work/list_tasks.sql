-- Tasks, newest first, page by page.
--
-- Parameters: p_status, p_queue, p_task_name, p_run_id, equal to; null is any; p_limit, most rows, 1 to 1000;
--             p_after, execution_id that ended the previous page.
-- Returns:    rows as work.get_task, newest first (execution_id).
-- Errors:     PT400 invalid_limit; 22P02 a status that is none.
-- Tables:     work.task_executions (read).
create or replace function work.list_tasks(
  p_status work.task_status default null,
  p_queue text default null,
  p_task_name text default null,
  p_run_id text default null,
  p_limit integer default 100,
  p_after text default null
)
returns setof work.task_info
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan  -- so that an absent filter is no condition, and a given one finds its index
as $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  return query
  select
    t.execution_id, t.queue, t.task_name::text, t.task_type, t.status, t.priority::integer, t.retry_count::integer,
    t.max_retries::integer, t.timeout_seconds::integer, t.input_data, t.output_data, t.error, t.unique_key, t.concurrency_key,
    t.run_id, t.workflow_name, t.agent_id, t.project_id, t.worker, t.metadata, t.created_at, t.scheduled_at, t.started_at,
    t.lease_expires_at, t.finished_at, t.execution_time_ms
  from work.task_executions as t
  where (p_status is null or t.status = p_status)
    and (p_queue is null or t.queue = p_queue)
    and (p_task_name is null or t.task_name = p_task_name)
    and (p_run_id is null or t.run_id = p_run_id)
    and (p_after is null or t.execution_id < p_after)
  order by t.execution_id desc
  limit p_limit;
end
$$;
comment on function work.list_tasks(work.task_status, text, text, text, integer, text) is
'Tasks, newest first, in keyset pages. Errors: PT400 invalid_limit';
alter function work.list_tasks(work.task_status, text, text, text, integer, text) owner to pylayer_api;
revoke all on function work.list_tasks(work.task_status, text, text, text, integer, text) from public;
grant execute on function work.list_tasks(work.task_status, text, text, text, integer, text) to pylayer_agent, pylayer_admin;
