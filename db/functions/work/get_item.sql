-- An item.
--
-- Parameters: p_item_id.
-- Returns:    the item.
-- Errors:     PT404 no_item.
-- Tables:     work.items, work.item_dependencies (read).
create or replace function work.get_item(p_item_id text) returns work.item_info
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_item work.item_info;
begin
  select r.* into v_item from work.item_rows(p_item_ids => array[p_item_id]) as r;
  if not found then
    perform work.refuse_missing_item(p_item_id => p_item_id);
  end if;
  return v_item;
end
$$;
comment on function work.get_item(text) is 'An item. Errors: PT404 no_item';
alter function work.get_item(text) owner to pylayer_api;
revoke all on function work.get_item(text) from public;
grant execute on function work.get_item(text) to pylayer_agent, pylayer_analyst, pylayer_auditor;
