-- What the changes of state of some items say of each, in the order of ts, then event_id, whenever each of them became known.
-- Where all that is new comes after what is counted, it is added to that, and costs the same however many changes the item
-- has had. Where some of it comes before, everything is computed anew from all changes of the item.
--
-- Parameters: p_changes, new changes: they are in telemetry.state_changes already, and not counted in telemetry.item_rollups.
-- Returns:    one row an item; the columns are those of telemetry.item_rollups.
-- Tables:     telemetry.state_changes, telemetry.item_rollups (read by their primary keys).
create or replace function telemetry.state_facts(p_changes telemetry.state_changes[])
returns table (
  item_id text, item_type text, state text, started_at timestamptz, state_since timestamptz, state_event_id text,
  state_seconds jsonb, transitions bigint, bounces bigint, state_bounces jsonb
)
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
set enable_seqscan = off  -- a batch looks its rows up by index, however many there are
set enable_hashjoin = off
set enable_mergejoin = off
set work_mem = '64MB'
set jit = off
as $$
  with items as materialized (
    select
      n.item_id, n.item_type, f.from_state as first_state, k.state, k.started_at, k.state_since, k.state_seconds,
      k.transitions, k.state_bounces,
      coalesce(k.state_event_id, '~') as state_event_id  -- above every id: what is not known is behind all of its time
    from (
      select distinct on (c.item_id, c.item_type) c.item_id, c.item_type, c.ts, c.event_id
      from unnest(p_changes) as c
      order by c.item_id, c.item_type, c.ts, c.event_id
    ) as n
    cross join lateral (
      select c.from_state
      from telemetry.state_changes as c
      where c.item_id = n.item_id and c.item_type = n.item_type
      order by c.ts, c.event_id
      limit 1
    ) as f
    left join telemetry.item_rollups as k
      on k.item_id = n.item_id and k.item_type = n.item_type
      and (n.ts, n.event_id) > (k.state_since, coalesce(k.state_event_id, '~'))
  ),
  spans as (
    select
      s.item_id, s.item_type, s.to_state, s.ts, s.event_id, s.is_new, s.changes, s.first_at,
      lead(s.ts) over w as left_at,
      -- a state that is reported again has not been entered again
      s.is_new and s.to_state is distinct from coalesce(lag(s.to_state) over w, s.first_state) as is_entered
    from (
      select
        i.item_id, i.item_type, i.state as to_state, i.state_since as ts, i.state_event_id as event_id, false as is_new,
        i.transitions as changes, i.started_at as first_at, i.first_state
      from items as i
      where i.state is not null
      union all
      select c.item_id, c.item_type, c.to_state, c.ts, c.event_id, true, 1, c.ts, i.first_state
      from items as i
      inner join telemetry.state_changes as c
        on c.item_id = i.item_id and c.item_type = i.item_type
        and (c.ts, c.event_id) > (coalesce(i.state_since, '-infinity'), i.state_event_id)
    ) as s
    window w as (partition by s.item_id, s.item_type order by s.ts, s.event_id)
  ),
  visits as (
    select
      v.item_id, v.item_type, v.state,
      sum(v.seconds) as seconds,
      sum(v.changes) as changes,
      min(v.first_at) as first_at,
      max(v.state_since) as state_since,
      max(v.state_event_id) as state_event_id,
      sum(v.entries) - (not bool_or(v.was_there))::integer as bounces
    from (
      select
        s.item_id, s.item_type, s.to_state as state, not s.is_new as was_there, s.is_entered::integer as entries, s.changes,
        s.first_at, extract(epoch from s.left_at - s.ts) as seconds,
        case when s.left_at is null then s.ts end as state_since,
        case when s.left_at is null then s.event_id end as state_event_id
      from spans as s
      union all  -- where it was before its first change that is known
      select i.item_id, i.item_type, i.first_state, true, 0, 0, null, null, null, null
      from items as i
      where i.first_state is not null
      union all  -- what is counted
      select i.item_id, i.item_type, e.key, true, 0, 0, null, e.value::numeric, null, null
      from items as i
      cross join lateral jsonb_each(i.state_seconds) as e
      union all
      select i.item_id, i.item_type, e.key, true, e.value::integer, 0, null, null, null, null
      from items as i
      cross join lateral jsonb_each(i.state_bounces) as e
    ) as v
    group by v.item_id, v.item_type, v.state
  )
  select
    v.item_id, v.item_type,
    max(v.state) filter (where v.state_since is not null),
    min(v.first_at),
    max(v.state_since),
    max(v.state_event_id),
    coalesce(jsonb_object_agg(v.state, v.seconds) filter (where v.seconds is not null), '{}'),
    sum(v.changes)::bigint,
    sum(v.bounces)::bigint,
    coalesce(jsonb_object_agg(v.state, v.bounces) filter (where v.bounces > 0), '{}')
  from visits as v
  group by v.item_id, v.item_type
$$;
comment on function telemetry.state_facts(telemetry.state_changes[]) is
'State, time in each state and bounces of items with new changes of state, in the order of time';
alter function telemetry.state_facts(telemetry.state_changes[]) owner to pylayer_api;
revoke all on function telemetry.state_facts(telemetry.state_changes[]) from public;
