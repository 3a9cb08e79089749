-- A version of a workflow in the form that functions return. Without SET search_path, so that it is inlined.
--
-- Parameters: p_row, a row of work.workflows; p_created, whether this call made it.
-- Returns:    its facts.
create or replace function work.workflow_of(p_row work.workflows, p_created boolean) returns work.workflow_info
language sql immutable parallel safe
as $$
  select row(
    p_row.workflow_id, p_row.version, p_row.name, p_row.description, p_row.status, p_row.steps, p_row.project_id,
    p_row.metadata, p_row.tags, p_row.used_at, p_row.created_at, p_row.updated_at, p_created
  )::work.workflow_info
$$;
comment on function work.workflow_of(work.workflows, boolean) is
'A version of a workflow in the form that functions return';
alter function work.workflow_of(work.workflows, boolean) owner to pylayer_api;
revoke all on function work.workflow_of(work.workflows, boolean) from public;
