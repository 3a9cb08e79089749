-- The event of a change of state, for telemetry.ingest_event or, aggregated, for telemetry.ingest_events: whoever changes
-- a state in the database stores the event in the same transaction. Its id and its time are made here: the time to the
-- microsecond, for what changes twice in a millisecond, whose ids are in no order, is told in order by it.
--
-- Parameters: p_item_type, kind of what changed (workflow_run and task for runs and tasks); p_item_id, its id;
--             p_from_state, null at creation; p_to_state; the correlation ids; p_reason and p_actor, free text;
--             p_time_in_state_seconds, time spent in p_from_state, seconds; each of these null when not known.
-- Returns:    an event of the type workflow.item_state_changed, version 1.
create or replace function telemetry.state_changed_event(
  p_item_type text, p_item_id text, p_from_state text, p_to_state text,
  p_run_id text default null, p_workflow_name text default null, p_agent_role text default null,
  p_project_id text default null, p_reason text default null, p_actor text default null,
  p_time_in_state_seconds double precision default null
)
returns jsonb
language sql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'event_id', core.new_ulid(),
    'event_name', 'workflow.item_state_changed',
    'ts', clock_timestamp(),
    'item_id', p_item_id,
    'run_id', p_run_id,
    'workflow_name', p_workflow_name,
    'agent_role', p_agent_role,
    'project_id', p_project_id
  )) || jsonb_build_object('payload', jsonb_build_object('from_state', p_from_state) || jsonb_strip_nulls(jsonb_build_object(
    'item_type', p_item_type,
    'to_state', p_to_state,
    'reason', p_reason,
    'actor', p_actor,
    'time_in_state_seconds', case when p_time_in_state_seconds is not null then greatest(p_time_in_state_seconds, 0) end
  )))
$$;
comment on function telemetry.state_changed_event(
  text, text, text, text, text, text, text, text, text, text, double precision
) is 'The event of a change of state, with a new id, to be stored in the same transaction as the change';
alter function telemetry.state_changed_event(
  text, text, text, text, text, text, text, text, text, text, double precision
) owner to pylayer_api;
revoke all on function telemetry.state_changed_event(
  text, text, text, text, text, text, text, text, text, text, double precision
) from public;
