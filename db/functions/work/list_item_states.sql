-- The states of a type of item, in the order in which people read them, with the moves from each.
--
-- Parameters: p_item_type; null is every type.
-- Returns:    one row a state; to_states are those that an item may go to from it.
-- Tables:     work.item_states, work.item_state_transitions (read).
create or replace function work.list_item_states(p_item_type text default null)
returns table (
  item_type text,
  state text,
  is_initial boolean,
  is_final boolean,
  is_agreed boolean,
  description text,
  to_states text[]
)
language sql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
  select
    s.item_type,
    s.state,
    s.is_initial,
    s.is_final,
    s.is_agreed,
    s.description,
    array(
      select t.to_state
      from work.item_state_transitions as t
      inner join work.item_states as e on e.item_type = t.item_type and e.state = t.to_state
      where t.item_type = s.item_type and t.from_state = s.state
      order by e.position
    )
  from work.item_states as s
  where p_item_type is null or s.item_type = p_item_type
  order by s.item_type, s.position
$$;
comment on function work.list_item_states(text) is 'The states of a type of item, with the moves from each';
alter function work.list_item_states(text) owner to pylayer_api;
revoke all on function work.list_item_states(text) from public;
grant execute on function work.list_item_states(text) to pylayer_agent, pylayer_analyst, pylayer_auditor;
