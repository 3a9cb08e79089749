-- Streams the events of a month in id order, every column, for its archive.
-- Without SET search_path and not SECURITY DEFINER, so that it is inlined: a function that is called keeps all rows first.
--
-- Parameters: p_month, the start of the month.
-- Returns:    the events, as they are stored.
-- Tables:     telemetry.workflow_events (read; the caller needs the right to).
create or replace function telemetry.month_events(p_month timestamptz)
returns setof telemetry.workflow_events
language sql stable parallel safe
as $$
  select w.*
  from telemetry.workflow_events as w
  where w.event_id >= core.ulid_floor(p_month)
    and w.event_id < core.ulid_floor((p_month at time zone 'UTC' + interval '1 month') at time zone 'UTC')
  order by w.event_id
$$;
comment on function telemetry.month_events(timestamptz) is 'Events of a month in id order, every column, for its archive';
alter function telemetry.month_events(timestamptz) owner to pylayer_api;
revoke all on function telemetry.month_events(timestamptz) from public;
grant execute on function telemetry.month_events(timestamptz) to pylayer_admin;
