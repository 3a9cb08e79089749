-- The history of an item: its changes of state, in order, page by page.
--
-- Parameters: p_item_id; p_limit, most rows, 1 to 1000; p_after, seq that ended the previous page, 0 is the first page.
-- Returns:    the changes; the first is the creation, seq has no gap.
-- Errors:     PT400 invalid_limit; PT404 no_item.
-- Tables:     work.items, work.item_transitions (read).
create or replace function work.item_history(p_item_id text, p_limit integer default 100, p_after integer default 0)
returns setof work.transition_info
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  perform work.check_references(p_project_id => null, p_item_id => coalesce(p_item_id, ''));
  return query
  select
    t.item_id, t.seq, t.from_state, t.to_state, t.actor, t.reason, t.run_id, t.workflow_name, t.agent_role,
    t.time_in_state_seconds, t.occurred_at
  from work.item_transitions as t
  where t.item_id = p_item_id and t.seq > coalesce(p_after, 0)
  order by t.seq
  limit p_limit;
end
$$;
comment on function work.item_history(text, integer, integer) is
'The changes of state of an item, in order, in keyset pages. Errors: PT400 invalid_limit, PT404 no_item';
alter function work.item_history(text, integer, integer) owner to pylayer_api;
revoke all on function work.item_history(text, integer, integer) from public;
grant execute on function work.item_history(text, integer, integer) to pylayer_agent, pylayer_analyst, pylayer_auditor;
