-- What the changes of state of some items say of each: from all of their changes in the order of ts, then event_id, so that
-- it does not matter when each of them became known.
--
-- Parameters: p_item_ids, p_item_types: the items, in pairs.
-- Returns:    one row an item that has any change; the columns are those of telemetry.item_rollups.
-- Tables:     telemetry.state_changes (read by its primary key).
create or replace function telemetry.state_facts(p_item_ids text[], p_item_types text[])
returns table (
  item_id text, item_type text, state text, started_at timestamptz, state_since timestamptz, state_seconds jsonb,
  transitions bigint, bounces bigint, state_bounces jsonb
)
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
set enable_seqscan = off  -- a batch looks its rows up by index, however many there are
set enable_hashjoin = off
set enable_mergejoin = off
set work_mem = '64MB'
set jit = off
as $$
  with changes as (
    select
      c.item_id, c.item_type, c.ts, c.to_state,
      lead(c.ts) over w as left_at,
      row_number() over w = 1 as is_first,
      coalesce(lag(c.to_state) over w, c.from_state) as state_before
    from unnest(p_item_ids, p_item_types) as i (item_id, item_type)
    inner join telemetry.state_changes as c on c.item_id = i.item_id and c.item_type = i.item_type
    window w as (partition by c.item_id, c.item_type order by c.ts, c.event_id)
  ),
  visits as (
    select
      v.item_id, v.item_type, v.state,
      sum(extract(epoch from v.left_at - v.ts)) as seconds,
      count(v.ts) as transitions,
      min(v.ts) as started_at,
      max(v.ts) filter (where v.left_at is null) as state_since,
      -- a state that is reported again has not been entered again
      count(*) filter (where v.state is distinct from v.state_before) - 1 as bounces
    from (
      select c.item_id, c.item_type, c.to_state as state, c.state_before, c.ts, c.left_at from changes as c
      union all  -- where it was before its first change that is known
      select c.item_id, c.item_type, c.state_before, null, null, null from changes as c
      where c.is_first and c.state_before is not null
    ) as v
    group by v.item_id, v.item_type, v.state
  )
  select
    v.item_id, v.item_type,
    max(v.state) filter (where v.state_since is not null),
    min(v.started_at),
    max(v.state_since),
    coalesce(jsonb_object_agg(v.state, v.seconds) filter (where v.seconds is not null), '{}'),
    sum(v.transitions)::bigint,
    sum(v.bounces)::bigint,
    coalesce(jsonb_object_agg(v.state, v.bounces) filter (where v.bounces > 0), '{}')
  from visits as v
  group by v.item_id, v.item_type
$$;
comment on function telemetry.state_facts(text[], text[]) is
'State, time in each state and bounces of items, from all of their changes of state in the order of time';
alter function telemetry.state_facts(text[], text[]) owner to pylayer_api;
revoke all on function telemetry.state_facts(text[], text[]) from public;
