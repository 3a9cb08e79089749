-- Locks an item for an edit, and refuses one that does not fit what its writer has read.
--
-- Parameters: p_item_id; p_expected_version, the version that the writer has read, null is any.
-- Returns:    the locked row.
-- Errors:     PT404 no_item; PT409 stale_version.
-- Tables:     work.items (row locked until the end of the transaction).
create or replace function work.lock_item(p_item_id text, p_expected_version integer) returns work.items
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_item work.items;
begin
  select i.* into v_item from work.items as i
  where i.item_id = p_item_id and i.deleted_at is null
  for no key update;
  if not found then
    perform work.refuse_missing_item(p_item_id => p_item_id);
  elsif v_item.version <> p_expected_version then
    raise exception using
      errcode = 'PT409', message = 'the item has another version', constraint = 'stale_version',
      detail = format('item %s, expected %s, latest %s', p_item_id, p_expected_version, v_item.version),
      hint = 'read the item again, and apply the change to what it says now';
  end if;
  return v_item;
end
$$;
comment on function work.lock_item(text, integer) is
'Locks an item for an edit. Errors: PT404 no_item, PT409 stale_version';
alter function work.lock_item(text, integer) owner to pylayer_api;
revoke all on function work.lock_item(text, integer) from public;
