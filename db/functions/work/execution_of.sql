-- A run in the form that functions return. Without SET search_path, so that it is inlined.
--
-- Parameters: p_row, a row of work.workflow_executions; p_created, whether this call started it.
-- Returns:    its facts.
create or replace function work.execution_of(p_row work.workflow_executions, p_created boolean)
returns work.execution_info
language sql immutable parallel safe
as $$
  select row(
    p_row.run_id, p_row.workflow_id, p_row.version, p_row.parent_run_id, p_row.status, p_row.reason, p_row.actor,
    p_row.current_step, p_row.total_steps, p_row.completed_steps, p_row.state_data, p_row.inputs, p_row.outputs,
    p_row.error, p_row.error_count, p_row.attempt, p_row.worker, p_row.waiting_for, p_row.due_at, p_row.deadline,
    p_row.assigned_agents, p_row.project_id, p_row.metadata, p_row.tags, p_row.created_at, p_row.updated_at,
    p_row.started_at, p_row.completed_at, p_created
  )::work.execution_info
$$;
comment on function work.execution_of(work.workflow_executions, boolean) is 'A run in the form that functions return';
alter function work.execution_of(work.workflow_executions, boolean) owner to pylayer_api;
revoke all on function work.execution_of(work.workflow_executions, boolean) from public;
