-- Reads events of a time range in id order, a page at a time.
--
-- Parameters: p_from, p_to: range of ts, p_to exclusive; the filters, null for any; p_limit, 1 to 10000 rows;
--             p_after, the event_id that ended the previous page.
-- Returns:    events in event_id order. Months outside of the range, widened by max_ts_skew, are never touched.
-- Errors:     PT400 invalid_range, invalid_limit, invalid_ulid.
-- Tables:     telemetry.workflow_events, core.settings (read).
create or replace function telemetry.events_between(
  p_from timestamptz, p_to timestamptz, p_event_name text default null, p_run_id text default null,
  p_item_id text default null, p_workflow_name text default null, p_agent_role text default null,
  p_project_id text default null, p_limit integer default 1000, p_after text default null
)
returns table (
  event_id text, event_version integer, event_name text, ts timestamptz, run_id text, item_id text,
  workflow_name text, agent_role text, payload jsonb, project_id text, metadata jsonb, recorded_at timestamptz
)
language plpgsql stable parallel safe security definer  -- definer on purpose: agents hold no right on tables
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set plan_cache_mode = force_custom_plan  -- months and indexes are chosen by the values
as $$
#variable_conflict use_column
declare
  -- in seconds: a month would be longer or shorter than the 30 days that it counts when an event is checked
  v_skew interval := (select make_interval(secs => extract(epoch from s.max_ts_skew)) from core.settings as s);
  v_first text;
  v_end text;
begin
  if p_from is null or p_to is null or p_from > p_to then
    raise exception using
      errcode = 'PT400', message = 'range is not a range', constraint = 'invalid_range',
      detail = format('%s to %s', p_from, p_to), hint = 'p_from lies before p_to';
  elsif coalesce(p_limit, 0) not between 1 and 10000 then
    raise exception using
      errcode = 'PT400', message = 'limit is out of range', constraint = 'invalid_limit',
      detail = coalesce(p_limit::text, 'null'), hint = '1 to 10000';
  elsif p_after is not null then
    perform core.ulid_time(p_after);
  end if;
  v_first := core.ulid_floor(least(greatest(p_from, '1970-01-01'::timestamptz + v_skew) - v_skew, '9999-01-01'));
  v_end := core.ulid_floor(greatest(least(p_to, '9999-01-01') + v_skew + interval '1 millisecond', '1970-01-01'));
  return query
  select
    w.event_id, w.event_version, w.event_name, w.ts, w.run_id, w.item_id, w.workflow_name, w.agent_role, w.payload,
    w.project_id, w.metadata, w.recorded_at
  from telemetry.workflow_events as w
  where w.event_id >= v_first
    and w.event_id < v_end
    and w.ts >= p_from
    and w.ts < p_to
    and (p_after is null or w.event_id > p_after)
    and (p_event_name is null or w.event_name = p_event_name)
    and (p_run_id is null or w.run_id = p_run_id)
    and (p_item_id is null or w.item_id = p_item_id)
    and (p_workflow_name is null or w.workflow_name = p_workflow_name)
    and (p_agent_role is null or w.agent_role = p_agent_role)
    and (p_project_id is null or w.project_id = p_project_id)
  order by w.event_id
  limit p_limit;
end
$$;
comment on function telemetry.events_between(timestamptz, timestamptz, text, text, text, text, text, text, integer, text) is
'Events of a time range with filters, in id order, by keyset pages. Errors: PT400';
alter function telemetry.events_between(timestamptz, timestamptz, text, text, text, text, text, text, integer, text)
owner to pylayer_api;
revoke all on function telemetry.events_between(timestamptz, timestamptz, text, text, text, text, text, text, integer, text)
from public;
grant execute on function telemetry.events_between(timestamptz, timestamptz, text, text, text, text, text, text, integer, text)
to pylayer_agent, pylayer_admin, pylayer_analyst;
