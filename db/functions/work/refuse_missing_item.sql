-- Says that an item was not found.
--
-- Parameters: p_item_id.
-- Errors:     always PT404 no_item.
create or replace function work.refuse_missing_item(p_item_id text) returns void
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = 'PT404', message = 'there is no such item', constraint = 'no_item',
    detail = coalesce(left(p_item_id, 200), 'null'), hint = 'work.list_items shows those that exist';
end
$$;
comment on function work.refuse_missing_item(text) is 'Raises the error of an item that was not found';
alter function work.refuse_missing_item(text) owner to pylayer_api;
revoke all on function work.refuse_missing_item(text) from public;
