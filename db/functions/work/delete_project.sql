-- Marks a project as removed: no other function finds it any more. Its items, artifacts and events stay.
--
-- Parameters: p_project_id.
-- Returns:    true when this call did it, false when it was removed before.
-- Errors:     PT404 no_project.
-- Tables:     work.projects (row locked, updated).
-- Repeat:     safe.
create or replace function work.delete_project(p_project_id text) returns boolean
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: the admin holds no right to write the table
set search_path = pg_catalog, pg_temp
as $$
begin
  update work.projects as p set deleted_at = clock_timestamp() where p.project_id = p_project_id and p.deleted_at is null;
  if found then
    return true;
  end if;
  if not exists (select from work.projects as p where p.project_id = p_project_id) then
    perform work.check_references(p_project_id => coalesce(p_project_id, ''), p_item_id => null);
  end if;
  return false;
end
$$;
comment on function work.delete_project(text) is
'Marks a project as removed; safe to repeat. Errors: PT404 no_project';
alter function work.delete_project(text) owner to pylayer_api;
revoke all on function work.delete_project(text) from public;
grant execute on function work.delete_project(text) to pylayer_admin;
