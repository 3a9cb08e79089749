-- Reads the events of a run in the order in which they happened, a page at a time.
--
-- Parameters: p_run_id, the run; p_limit, 1 to 10000 rows; p_after_ts and p_after_id, ts and event_id that ended the
--             previous page, both or neither.
-- Returns:    events in the order of ts, then event_id. Months before those that can hold the page are not touched.
-- Errors:     PT400 invalid_run, invalid_limit, invalid_cursor, invalid_ulid.
-- Tables:     telemetry.workflow_events, core.settings (read).
create or replace function telemetry.run_timeline(
  p_run_id text, p_limit integer default 1000, p_after_ts timestamptz default null, p_after_id text default null
)
returns table (
  event_id text, event_version integer, event_name text, ts timestamptz, run_id text, item_id text,
  workflow_name text, agent_role text, payload jsonb, project_id text, metadata jsonb, recorded_at timestamptz
)
language plpgsql stable parallel safe security definer  -- definer on purpose: agents hold no right on tables
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set plan_cache_mode = force_custom_plan  -- months are chosen by the values
as $$
#variable_conflict use_column
declare
  -- in seconds: a month would be longer or shorter than the 30 days that it counts when an event is checked
  v_skew interval := (select make_interval(secs => extract(epoch from s.max_ts_skew)) from core.settings as s);
  v_first text := '';
begin
  if p_run_id is null then
    raise exception using
      errcode = 'PT400', message = 'the run is missing', constraint = 'invalid_run', detail = 'null',
      hint = 'give the run_id of the events';
  elsif coalesce(p_limit, 0) not between 1 and 10000 then
    raise exception using
      errcode = 'PT400', message = 'limit is out of range', constraint = 'invalid_limit',
      detail = coalesce(p_limit::text, 'null'), hint = '1 to 10000';
  elsif num_nulls(p_after_ts, p_after_id) = 1 then
    raise exception using
      errcode = 'PT400', message = 'the cursor is incomplete', constraint = 'invalid_cursor',
      detail = format('ts %s, event_id %s', p_after_ts, left(p_after_id, 26)),
      hint = 'ts and event_id of the event that ended the previous page';
  elsif p_after_id is not null then
    perform core.ulid_time(p_after_id);
    v_first := core.ulid_floor(least(greatest(p_after_ts, '1970-01-01'::timestamptz + v_skew) - v_skew, '9999-01-01'));
  end if;
  return query
  select
    w.event_id, w.event_version, w.event_name, w.ts, w.run_id, w.item_id, w.workflow_name, w.agent_role, w.payload,
    w.project_id, w.metadata, w.recorded_at
  from telemetry.workflow_events as w
  where w.run_id = p_run_id
    and w.event_id >= v_first
    and (p_after_ts is null or (w.ts, w.event_id) > (p_after_ts, p_after_id))
  order by w.ts, w.event_id
  limit p_limit;
end
$$;
comment on function telemetry.run_timeline(text, integer, timestamptz, text) is
'Events of a run in the order of ts, then id, by keyset pages. Errors: PT400';
alter function telemetry.run_timeline(text, integer, timestamptz, text) owner to pylayer_api;
revoke all on function telemetry.run_timeline(text, integer, timestamptz, text) from public;
grant execute on function telemetry.run_timeline(text, integer, timestamptz, text)
to pylayer_agent, pylayer_admin, pylayer_analyst;
