-- Says that an item waits for another. Whoever adds dependencies takes turns, until the end of each one's transaction.
--
-- Parameters: p_item_id, the item that waits; p_depends_on_item_id, what must be done first; p_actor, who says so, in words,
--             null is the login.
-- Returns:    true when this call added it, false when it was there.
-- Errors:     PT400 invalid_context, isolation_level (the transaction is repeatable read or serializable); PT404 no_item;
--             PT409 dependency_cycle.
-- Tables:     work.items (read), work.item_dependencies (an advisory lock for all of it, read, inserted).
-- Repeat:     safe.
create or replace function work.add_dependency(
  p_item_id text, p_depends_on_item_id text, p_actor text default null
) returns boolean
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
begin
  perform work.check_context(p_actor => p_actor);
  perform work.check_references(p_project_id => null, p_item_id => coalesce(p_item_id, ''));
  perform work.check_references(p_project_id => null, p_item_id => coalesce(p_depends_on_item_id, ''));
  insert into work.item_dependencies (item_id, depends_on_item_id, created_by)
  values (p_item_id, p_depends_on_item_id, coalesce(p_actor, session_user))
  on conflict do nothing;
  return found;
end
$$;
comment on function work.add_dependency(text, text, text) is
'Says that an item waits for another; safe to repeat. Errors: PT400, PT404 no_item, PT409 dependency_cycle';
alter function work.add_dependency(text, text, text) owner to pylayer_api;
revoke all on function work.add_dependency(text, text, text) from public;
grant execute on function work.add_dependency(text, text, text) to pylayer_agent;
