select no_plan();

select is_empty(
  $$ select d.ms
  from (
    select b.ms + o.off as ms from unnest(telemetry.duration_bounds_ms()) as b (ms)
    cross join (values (-0.000000001), (0), (0.000000001)) as o (off)
    union all values (0), (9007199254740992)
  ) as d
  where telemetry.duration_bucket(d.ms)
    <> 1 + (select count(*) from unnest(telemetry.duration_bounds_ms()) as b (ms) where b.ms < d.ms) $$,
  'a bucket holds what is above the bound before it, up to its own'
);
select is(telemetry.duration_bucket(null), null, 'no duration, no bucket');

select * from finish();
