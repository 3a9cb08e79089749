-- Makes an item follow its history, and stores the event of the change in the same transaction.
--
-- Tables: work.items (updated, its row is locked already), telemetry.workflow_events (inserted).
create or replace function work.follow_item_transition() returns trigger
language plpgsql volatile security definer  -- definer on purpose: whoever may insert the row need not may store events
set search_path = pg_catalog, pg_temp
as $$
declare
  v_item record;
begin
  if new.seq = 1 then
    select i.item_type, i.project_id into v_item from work.items as i where i.item_id = new.item_id;
  else
    update work.items as i
    set
      state = new.to_state,
      state_seq = new.seq,
      state_since = new.occurred_at,
      closed_at = case when s.is_final then new.occurred_at end
    from work.item_states as s
    where i.item_id = new.item_id and s.item_type = i.item_type and s.state = new.to_state
    returning i.item_type, i.project_id into v_item;
  end if;
  perform telemetry.ingest_event(p_event => telemetry.state_changed_event(
    p_item_type => v_item.item_type, p_item_id => new.item_id, p_from_state => new.from_state, p_to_state => new.to_state,
    p_run_id => new.run_id, p_workflow_name => new.workflow_name, p_agent_role => new.agent_role,
    p_project_id => v_item.project_id, p_reason => new.reason, p_actor => new.actor,
    p_time_in_state_seconds => new.time_in_state_seconds
  ));
  return null;
end
$$;
comment on function work.follow_item_transition() is
'Trigger function: an item follows its history, and each change of state has its event';
alter function work.follow_item_transition() owner to pylayer_api;
revoke all on function work.follow_item_transition() from public;

create or replace trigger item_transitions_follow after insert on work.item_transitions
for each row execute function work.follow_item_transition();
