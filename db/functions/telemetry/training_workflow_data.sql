-- Streams the steps and state changes of a time range, one column a fact, in id order, for a training data set.
-- Without SET search_path and not SECURITY DEFINER, so that it is inlined: a function that is called keeps all rows first.
--
-- Parameters: p_from, p_to: range of ts, p_to exclusive; p_epoch, p_xid: only events recorded below this horizon
--             (telemetry.snapshot_horizon).
-- Returns:    one row an event workflow.step_completed or workflow.item_state_changed, in event_id order; null where the
--             event does not say. Months outside of the range, widened by max_ts_skew, are never touched.
-- Errors:     PT400 ulid_time_range.
-- Tables:     telemetry.workflow_events, core.settings (read; the caller needs the right to).
create or replace function telemetry.training_workflow_data(
  p_from timestamptz, p_to timestamptz, p_epoch integer, p_xid bigint
)
returns table (
  event_id text, event_name text, ts timestamptz, run_id text, item_id text, workflow_name text, agent_role text,
  project_id text, step_name text, status text, model text, duration_ms numeric, input_tokens numeric,
  cached_input_tokens numeric, output_tokens numeric, cost_usd_est numeric, retry_count numeric, error text,
  item_type text, from_state text, to_state text, reason text, actor text
)
language sql stable parallel safe
as $$
  select
    e.event_id, e.event_name, e.ts, e.run_id, e.item_id, e.workflow_name, e.agent_role, e.project_id,
    e.payload ->> 'step_name', e.payload ->> 'status', e.payload ->> 'model',
    telemetry.payload_number(e.payload, 'duration_ms'),
    telemetry.payload_number(e.payload, 'input_tokens'),
    telemetry.payload_number(e.payload, 'cached_input_tokens'),
    telemetry.payload_number(e.payload, 'output_tokens'),
    telemetry.payload_number(e.payload, 'cost_usd_est'),
    telemetry.payload_number(e.payload, 'retry_count'),
    e.payload ->> 'error',
    e.payload ->> 'item_type', e.payload ->> 'from_state', e.payload ->> 'to_state', e.payload ->> 'reason',
    e.payload ->> 'actor'
  from telemetry.training_agent_events(p_from => p_from, p_to => p_to, p_epoch => p_epoch, p_xid => p_xid) as e
  where e.event_name in ('workflow.step_completed', 'workflow.item_state_changed')
  order by e.event_id collate "C"
$$;
comment on function telemetry.training_workflow_data(timestamptz, timestamptz, integer, bigint) is
'Steps and state changes of a time range below a horizon, one column a fact, in id order. Errors: PT400';
alter function telemetry.training_workflow_data(timestamptz, timestamptz, integer, bigint) owner to pylayer_api;
revoke all on function telemetry.training_workflow_data(timestamptz, timestamptz, integer, bigint) from public;
grant execute on function telemetry.training_workflow_data(timestamptz, timestamptz, integer, bigint)
to pylayer_admin, pylayer_analyst;
