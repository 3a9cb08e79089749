-- The next events in the order in which they were recorded, with what a refresh takes of each.
-- The epoch stands as an equality and other plans are off, so that the index is read from the mark on and no further than
-- p_limit, however long the backlog. Labels and numbers are those that version 1 of the contract checks: an event of a
-- later version has them when its payload fulfils that one too.
--
-- Parameters: p_epoch, p_xid, p_event_id: the last event that is counted; p_horizon, the transaction before which to stop,
--             null for an epoch that is over; p_limit, most events.
-- Returns:    events in the order of recorded_xid, event_id.
-- Tables:     telemetry.workflow_events, telemetry.event_types (read).
create or replace function telemetry.next_events(
  p_epoch integer, p_xid bigint, p_event_id text, p_horizon bigint, p_limit integer
)
returns telemetry.counted_event array
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set plan_cache_mode = force_custom_plan
set jit = off
as $$
begin
  return array(
    select
      (
        e.recorded_xid, e.event_id, e.partition, e.event_name, e.ts, e.run_id, e.item_id, e.workflow_name, e.agent_role,
        e.project_id,
        left(e.known ->> k.keys[1], 128), left(e.known ->> k.keys[2], 128), left(e.known ->> k.keys[3], 128),
        left(e.known ->> k.keys[4], 128),
        (m.known -> 'input_tokens')::numeric, (m.known -> 'cached_input_tokens')::numeric,
        (m.known -> 'output_tokens')::numeric, (m.known -> 'cost_usd_est')::numeric, (m.known -> 'duration_ms')::numeric
      )::telemetry.counted_event
    from (
      select
        w.recorded_xid, w.event_id, w.tableoid as partition, w.event_name, w.ts, w.run_id, w.item_id, w.workflow_name,
        w.agent_role, w.project_id,
        case
          when w.event_version = 1 then w.payload
          when w.payload @@ (
            select t.validator from telemetry.event_types as t
            where t.event_name = w.event_name and t.event_version = 1
          ) then w.payload
        end as known
      from telemetry.workflow_events as w
      where w.recorded_epoch = p_epoch
        and (w.recorded_xid, w.event_id) > (p_xid, p_event_id)
        and (p_horizon is null or w.recorded_xid < p_horizon)
      order by w.recorded_xid, w.event_id
      limit p_limit
    ) as e
    cross join lateral (select telemetry.label_keys(e.event_name) as keys offset 0) as k
    cross join lateral (select case when e.event_name = 'workflow.step_completed' then e.known end as known) as m
    order by e.recorded_xid, e.event_id
  );
end
$$;
comment on function telemetry.next_events(integer, bigint, text, bigint, integer) is
'The next events in recorded order, with what a refresh of the rollups takes of each';
alter function telemetry.next_events(integer, bigint, text, bigint, integer) owner to pylayer_api;
revoke all on function telemetry.next_events(integer, bigint, text, bigint, integer) from public;
