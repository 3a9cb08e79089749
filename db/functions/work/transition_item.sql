-- Changes the state of an item, with a row in its history and an event, in one transaction: all of them or none.
-- Of two sessions that expect the same state, one wins.
--
-- Parameters:
--   p_item_id         item
--   p_to_state        state to enter
--   p_expected_state  state that the caller has seen; null is any
--   p_actor           who does it, in words; null is the login
--   p_reason          why, at most 2000 characters
--   p_run_id, p_workflow_name, p_agent_role  where the change comes from
-- Returns: the row of the history.
-- Errors:  PT400 invalid_context; PT404 no_item; PT409 stale_state, illegal_transition (HINT lists the legal moves).
-- Tables:  work.items (row locked), work.item_transitions (inserted), work.items (updated), telemetry.workflow_events
--          (inserted), in this order.
-- Repeat:  refused: the item is in another state by then.
create or replace function work.transition_item(
  p_item_id text,
  p_to_state text,
  p_expected_state text default null,
  p_actor text default null,
  p_reason text default null,
  p_run_id text default null,
  p_workflow_name text default null,
  p_agent_role text default null
) returns work.transition_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_transition work.transition_info;
begin
  perform work.check_context(
    p_actor => p_actor, p_reason => p_reason, p_run_id => p_run_id, p_workflow_name => p_workflow_name,
    p_agent_role => p_agent_role
  );
  insert into work.item_transitions as t (
    item_id, from_state, to_state, actor, reason, run_id, workflow_name, agent_role
  )
  values (
    p_item_id, p_expected_state, p_to_state, coalesce(p_actor, session_user), p_reason, p_run_id, p_workflow_name,
    p_agent_role
  )
  returning
    t.item_id, t.seq, t.from_state, t.to_state, t.actor, t.reason, t.run_id, t.workflow_name, t.agent_role,
    t.time_in_state_seconds, t.occurred_at
  into v_transition;
  return v_transition;
end
$$;
comment on function work.transition_item(text, text, text, text, text, text, text, text) is
'Changes the state of an item with its history and event. Errors: PT400 invalid_context, PT404 no_item, PT409 stale_state, illegal_transition';
alter function work.transition_item(text, text, text, text, text, text, text, text) owner to pylayer_api;
revoke all on function work.transition_item(text, text, text, text, text, text, text, text) from public;
grant execute on function work.transition_item(text, text, text, text, text, text, text, text) to pylayer_agent;
