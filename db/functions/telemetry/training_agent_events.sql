-- Streams the events of a time range as they were reported, in id order, for a training data set.
-- Without SET search_path and not SECURITY DEFINER, so that it is inlined: a function that is called keeps all rows first.
--
-- Parameters: p_from, p_to: range of ts, p_to exclusive; p_epoch, p_xid: only events recorded below this horizon
--             (telemetry.snapshot_horizon).
-- Returns:    one row an event, in event_id order. Months outside of the range, widened by max_ts_skew, are never touched.
-- Errors:     PT400 ulid_time_range.
-- Tables:     telemetry.workflow_events, core.settings (read; the caller needs the right to).
create or replace function telemetry.training_agent_events(
  p_from timestamptz, p_to timestamptz, p_epoch integer, p_xid bigint
)
returns table (
  event_id text, event_name text, event_version integer, ts timestamptz, run_id text, item_id text,
  workflow_name text, agent_role text, project_id text, payload jsonb, metadata jsonb
)
language sql stable parallel safe
as $$
  select
    w.event_id, w.event_name, w.event_version, w.ts, w.run_id, w.item_id, w.workflow_name, w.agent_role, w.project_id,
    w.payload, w.metadata
  from telemetry.workflow_events as w
  where w.event_id >= (
      select core.ulid_floor(greatest(p_from - make_interval(secs => extract(epoch from s.max_ts_skew)), '1970-01-01Z'))
      from core.settings as s
    )
    and w.event_id < (
      select core.ulid_floor(p_to + make_interval(secs => extract(epoch from s.max_ts_skew)) + interval '1 millisecond')
      from core.settings as s
    )
    and w.ts >= p_from
    and w.ts < p_to
    and (w.recorded_epoch, w.recorded_xid) < (p_epoch, p_xid)
  order by w.event_id
$$;
comment on function telemetry.training_agent_events(timestamptz, timestamptz, integer, bigint) is
'Events of a time range below a horizon, as they were reported, in id order. Errors: PT400';
alter function telemetry.training_agent_events(timestamptz, timestamptz, integer, bigint) owner to pylayer_api;
revoke all on function telemetry.training_agent_events(timestamptz, timestamptz, integer, bigint) from public;
grant execute on function telemetry.training_agent_events(timestamptz, timestamptz, integer, bigint)
to pylayer_admin, pylayer_analyst;
