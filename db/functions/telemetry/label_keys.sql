-- The keys of the payload by which events of a type are counted apart; their order is that of the columns of
-- telemetry.counted_event. A type without keys is counted by its name. A change holds for events that are counted later.
-- Without SET search_path, so that it is inlined per event.
--
-- Parameters: p_event_name, any text.
-- Returns:    at most four keys; empty for types of others.
create or replace function telemetry.label_keys(p_event_name text) returns text array
language sql immutable parallel safe
as $$
  select case p_event_name
    when 'workflow.step_completed' then '{step_name,status,model}'::text[]
    when 'workflow.item_state_changed' then '{item_type,from_state,to_state}'::text[]
    when 'workflow.story_changed' then '{change_type,cause_stage,post_ready}'::text[]
    when 'workflow.gap_found' then '{gap_type,severity,stage_found,stage_introduced}'::text[]
    when 'workflow.flow_issue' then '{issue_type,impact}'::text[]
    else '{}'::text[]
  end
$$;
comment on function telemetry.label_keys(text) is
'Keys of the payload by which events of a type are counted apart in telemetry.event_rollups';
alter function telemetry.label_keys(text) owner to pylayer_api;
revoke all on function telemetry.label_keys(text) from public;
grant execute on function telemetry.label_keys(text) to pylayer_admin, pylayer_analyst, pylayer_auditor;
