-- Brings back an item that was removed, as it was.
--
-- Parameters: p_item_id.
-- Returns:    true when this call did it, false when it was not removed.
-- Errors:     PT404 no_item.
-- Tables:     work.items (row locked, updated).
-- Repeat:     safe.
create or replace function work.restore_item(p_item_id text) returns boolean
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: the admin holds no right to write the table
set search_path = pg_catalog, pg_temp
as $$
begin
  update work.items as i set deleted_at = null where i.item_id = p_item_id and i.deleted_at is not null;
  if found then
    return true;
  end if;
  perform work.check_references(p_project_id => null, p_item_id => coalesce(p_item_id, ''));
  return false;
end
$$;
comment on function work.restore_item(text) is
'Brings back an item that was removed; safe to repeat. Errors: PT404 no_item';
alter function work.restore_item(text) owner to pylayer_api;
revoke all on function work.restore_item(text) from public;
grant execute on function work.restore_item(text) to pylayer_admin;
