-- A project.
--
-- Parameters: p_project_id.
-- Returns:    the project.
-- Errors:     PT404 no_project.
-- Tables:     work.projects (read).
create or replace function work.get_project(p_project_id text) returns work.project_info
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_project work.project_info;
begin
  perform work.check_references(p_project_id => coalesce(p_project_id, ''), p_item_id => null);
  select r.* into v_project from work.project_rows(p_project_ids => array[p_project_id]) as r;
  return v_project;
end
$$;
comment on function work.get_project(text) is 'A project. Errors: PT404 no_project';
alter function work.get_project(text) owner to pylayer_api;
revoke all on function work.get_project(text) from public;
grant execute on function work.get_project(text) to pylayer_agent, pylayer_analyst, pylayer_auditor;
