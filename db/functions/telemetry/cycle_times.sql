-- The cycle times of items that succeed with new changes of state. An item succeeds when its last change by time, of those
-- that are known, brings it into a state that means success, and the last one before did not. Changes become known in
-- recorded order, so it does not matter how many of them a refresh takes at once.
--
-- Parameters: p_changes, new changes in recorded order, not counted in telemetry.item_rollups.
-- Returns:    one row a success: type of the item, and the seconds from its first change that is known by then.
-- Tables:     telemetry.item_rollups (read by its primary key).
create or replace function telemetry.cycle_times(p_changes telemetry.state_changes[])
returns table (item_type text, seconds numeric)
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
set enable_seqscan = off  -- a batch looks its rows up by index, however many there are
set work_mem = '64MB'
set jit = off
as $$
  with states as materialized (
    select d.state, telemetry.state_outcome(d.state) is not distinct from 'succeeded' as is_success
    from (select distinct c.to_state as state from unnest(p_changes) as c) as d
  ),
  known as (
    select c.item_id, c.item_type, c.ts, c.event_id, c.ts as first_at, c.nr, s.is_success
    from unnest(p_changes) with ordinality as c (item_id, item_type, ts, event_id, run_id, from_state, to_state, nr)
    inner join states as s on s.state = c.to_state
    union all  -- what is counted comes first
    select i.item_id, i.item_type, k.state_since, k.state_event_id, k.started_at, 0, k.is_success
    from (select distinct c.item_id, c.item_type from unnest(p_changes) as c) as i
    cross join lateral (
      select
        r.state_since, coalesce(r.state_event_id, '') as state_event_id, r.started_at,
        r.outcome is not distinct from 'succeeded' as is_success
      from telemetry.item_rollups as r
      where r.item_id = i.item_id and r.item_type = i.item_type
      offset 0  -- looked up by index, item by item
    ) as k
  ),
  latest as (
    select l.*, lag(l.is_success) over (partition by l.item_id, l.item_type order by l.nr) as was_success
    from (
      select
        k.item_id, k.item_type, k.ts, k.nr, k.is_success,
        min(k.first_at) over w as first_at,
        row(k.ts, k.event_id) = max(row(k.ts, k.event_id)) over w as is_latest
      from known as k
      window w as (partition by k.item_id, k.item_type order by k.nr)
    ) as l
    where l.is_latest
  )
  select l.item_type, extract(epoch from l.ts - l.first_at)
  from latest as l
  where l.nr > 0 and l.is_success and l.was_success is not true
$$;
comment on function telemetry.cycle_times(telemetry.state_changes[]) is
'Cycle times of items that succeed with new changes of state, whatever batches the changes come in';
alter function telemetry.cycle_times(telemetry.state_changes[]) owner to pylayer_api;
revoke all on function telemetry.cycle_times(telemetry.state_changes[]) from public;
