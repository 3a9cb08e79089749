-- Marks an item as removed: no function but work.restore_item finds it any more. Its history, comments and events stay.
--
-- Parameters: p_item_id.
-- Returns:    true when this call did it, false when it was removed before.
-- Errors:     PT404 no_item.
-- Tables:     work.items (row locked, updated).
-- Repeat:     safe.
create or replace function work.delete_item(p_item_id text) returns boolean
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: the admin holds no right to write the table
set search_path = pg_catalog, pg_temp
as $$
begin
  update work.items as i set deleted_at = clock_timestamp() where i.item_id = p_item_id and i.deleted_at is null;
  if found then
    return true;
  end if;
  if not exists (select from work.items as i where i.item_id = p_item_id) then
    perform work.refuse_missing_item(p_item_id => p_item_id);
  end if;
  return false;
end
$$;
comment on function work.delete_item(text) is 'Marks an item as removed; safe to repeat. Errors: PT404 no_item';
alter function work.delete_item(text) owner to pylayer_api;
revoke all on function work.delete_item(text) from public;
grant execute on function work.delete_item(text) to pylayer_admin;
