-- Assigns an item to a user or to an agent, or to nobody.
--
-- Parameters: p_item_id; p_user_id, p_agent_id, never both, neither is nobody; p_expected_version, the version that the
--             caller has read, null is any.
-- Returns:    the item; version is one more when the assignment changed.
-- Errors:     PT400 invalid_assignee; PT404 no_item, no_user, no_agent; PT409 stale_version.
-- Tables:     iam.users, ai.agents (read), work.items (row locked, updated).
-- Repeat:     safe without p_expected_version.
create or replace function work.assign_item(
  p_item_id text,
  p_user_id text default null,
  p_agent_id text default null,
  p_expected_version integer default null
) returns work.item_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_item work.item_info;
begin
  perform work.check_assignee(p_user_id => p_user_id, p_agent_id => p_agent_id);
  perform work.lock_item(p_item_id => p_item_id, p_expected_version => p_expected_version);
  update work.items as i
  set
    assigned_user_id = p_user_id,
    assigned_agent_id = p_agent_id,
    version = i.version + 1,
    updated_at = clock_timestamp()
  where i.item_id = p_item_id
    and (i.assigned_user_id, i.assigned_agent_id) is distinct from (p_user_id, p_agent_id);
  select r.* into v_item from work.item_rows(p_item_ids => array[p_item_id]) as r;
  return v_item;
end
$$;
comment on function work.assign_item(text, text, text, integer) is
'Assigns an item to a user or an agent, or to nobody. Errors: PT400 invalid_assignee, PT404 no_item, no_user, no_agent, PT409 stale_version';
alter function work.assign_item(text, text, text, integer) owner to pylayer_api;
revoke all on function work.assign_item(text, text, text, integer) from public;
grant execute on function work.assign_item(text, text, text, integer) to pylayer_agent;
