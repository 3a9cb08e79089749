-- Adds the cycle times of items that succeeded to the running totals.
--
-- Parameters: p_item_types, p_seconds: type and cycle time of each item, in pairs; null for none.
-- Tables:     telemetry.cycle_rollups (upserted).
create or replace function telemetry.count_cycles(p_item_types text[], p_seconds numeric[]) returns void
language sql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
  with cycles as (
    select
      c.item_type, c.seconds,
      (select count(*) + 1 from unnest(telemetry.cycle_bounds_seconds()) as b (bound) where b.bound < c.seconds) as nth
    from unnest(p_item_types, p_seconds) as c (item_type, seconds)
  ),
  bucketed as (
    select t.item_type, n.nth, sum(c.seconds) as seconds, count(c.nth) as items
    from (select distinct c.item_type from cycles as c) as t
    cross join generate_series(1, cardinality(telemetry.cycle_bounds_seconds()) + 1) as n (nth)
    left join cycles as c on c.item_type = t.item_type and c.nth = n.nth
    group by t.item_type, n.nth
  )
  insert into telemetry.cycle_rollups as r (item_type, seconds_sum, seconds_histogram)
  select b.item_type, sum(b.seconds), array_agg(b.items order by b.nth)
  from bucketed as b
  group by b.item_type
  on conflict (item_type) do update set
    seconds_sum = r.seconds_sum + excluded.seconds_sum,
    seconds_histogram = array(
      select u.before + u.more from unnest(r.seconds_histogram, excluded.seconds_histogram) as u (before, more)
    )
$$;
comment on function telemetry.count_cycles(text[], numeric[]) is
'Adds the cycle times of items that succeeded to the running totals';
alter function telemetry.count_cycles(text[], numeric[]) owner to pylayer_api;
revoke all on function telemetry.count_cycles(text[], numeric[]) from public;
