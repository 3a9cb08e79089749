-- Refuses a project or an item that does not exist, or counts as removed. Null is not checked.
--
-- Parameters: p_project_id; p_item_id.
-- Errors:     PT404 no_project, no_item.
-- Tables:     work.projects, work.items (read).
create or replace function work.check_references(p_project_id text, p_item_id text) returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_project_id is not null and not exists (
    select from work.projects as p where p.project_id = p_project_id and p.deleted_at is null
  ) then
    raise exception using
      errcode = 'PT404', message = 'there is no such project', constraint = 'no_project',
      detail = left(p_project_id, 200), hint = 'work.save_project makes one; work.list_projects shows those that exist';
  end if;
  if p_item_id is not null and not exists (
    select from work.items as i where i.item_id = p_item_id and i.deleted_at is null
  ) then
    perform work.refuse_missing_item(p_item_id => p_item_id);
  end if;
end
$$;
comment on function work.check_references(text, text) is
'Refuses a project or an item that does not exist. Errors: PT404 no_project, no_item';
alter function work.check_references(text, text) owner to pylayer_api;
revoke all on function work.check_references(text, text) from public;
