-- The version of a workflow that a selector finds.
--
-- Parameters: p_workflow_id; p_version: an exact version such as 1.2.3, whatever its status, or latest, ^1.2 or ~1.2: the
--             greatest active one in the range.
-- Returns:    the version.
-- Errors:     PT400 invalid_version; PT404 no_workflow.
-- Tables:     work.workflows (read).
create or replace function work.get_workflow(p_workflow_id text, p_version text default 'latest')
returns work.workflow_info
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_bounds record := work.version_bounds(p_selector => p_version);
  v_row work.workflows;
begin
  select w.* into v_row from work.workflows as w
  where w.workflow_id = p_workflow_id
    and (w.version_major, w.version_minor, w.version_patch)
    >= (v_bounds.p_from[1], v_bounds.p_from[2], v_bounds.p_from[3])
    and (w.version_major, w.version_minor, w.version_patch)
    < (v_bounds.p_below[1], v_bounds.p_below[2], v_bounds.p_below[3])
    and (w.status = 'active' or p_version ~ '^\d')
  order by w.version_major desc, w.version_minor desc, w.version_patch desc
  limit 1;
  if not found then
    perform work.refuse_no_workflow(p_workflow_id => p_workflow_id, p_version => p_version);
  end if;
  return work.workflow_of(v_row, false);
end
$$;
comment on function work.get_workflow(text, text) is
'The version of a workflow that a selector finds: latest, 1.2.3, ^1.2, ~1.2. Errors: PT400 invalid_version, PT404 no_workflow';
alter function work.get_workflow(text, text) owner to pylayer_api;
revoke all on function work.get_workflow(text, text) from public;
grant execute on function work.get_workflow(text, text) to pylayer_agent, pylayer_analyst, pylayer_auditor;
