-- Sets the status of a version of a workflow: active ones are found by latest and by ranges.
--
-- Parameters: p_workflow_id; p_version, an exact one; p_status, draft, active or deprecated.
-- Returns:    the version.
-- Errors:     PT400 invalid_status; PT404 no_workflow.
-- Tables:     work.workflows (updated).
-- Repeat:     safe.
create or replace function work.set_workflow_status(p_workflow_id text, p_version text, p_status text)
returns work.workflow_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: the admin may not change the table
set search_path = pg_catalog, pg_temp
as $$
declare
  v_row work.workflows;
begin
  perform work.check_workflow_status(p_status => p_status);
  update work.workflows as w set status = p_status, updated_at = clock_timestamp()
  where w.workflow_id = p_workflow_id and w.version = p_version
  returning w.* into v_row;
  if not found then
    perform work.refuse_no_workflow(p_workflow_id => p_workflow_id, p_version => p_version);
  end if;
  return work.workflow_of(v_row, false);
end
$$;
comment on function work.set_workflow_status(text, text, text) is
'Sets the status of a version of a workflow (admin). Errors: PT400 invalid_status, PT404 no_workflow';
alter function work.set_workflow_status(text, text, text) owner to pylayer_api;
revoke all on function work.set_workflow_status(text, text, text) from public;
grant execute on function work.set_workflow_status(text, text, text) to pylayer_admin;
