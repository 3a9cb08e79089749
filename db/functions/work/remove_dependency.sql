-- Says that an item no longer waits for another.
--
-- Parameters: p_item_id, the item that waited; p_depends_on_item_id, what it waited for.
-- Returns:    true when this call removed it, false when there was none.
-- Tables:     work.item_dependencies (deleted).
-- Repeat:     safe.
create or replace function work.remove_dependency(p_item_id text, p_depends_on_item_id text) returns boolean
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
begin
  delete from work.item_dependencies as d where d.item_id = p_item_id and d.depends_on_item_id = p_depends_on_item_id;
  return found;
end
$$;
comment on function work.remove_dependency(text, text) is
'Says that an item no longer waits for another; safe to repeat';
alter function work.remove_dependency(text, text) owner to pylayer_api;
revoke all on function work.remove_dependency(text, text) from public;
grant execute on function work.remove_dependency(text, text) to pylayer_agent;
