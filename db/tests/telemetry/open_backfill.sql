select no_plan();

create temporary table base as select core.ulid_time(telemetry.retention_floor()) as floor, date_trunc('month', now(), 'UTC') as month;
grant select on base to public;
set local role pylayer_admin;
select results_eq(
  'select f.month, f.created from base as b, telemetry.open_backfill(b.floor, b.floor + interval ''31 days 1 microsecond'') as f',
  $$select m, true from base as b, generate_series(b.floor, b.floor + interval '31 days', interval '1 month', 'UTC') as m$$,
  'the months of the range are made, from the floor itself'
);
select results_eq(
  'select f.month, f.created from base as b, telemetry.open_backfill(b.floor + interval ''1 day'', b.floor + interval ''2 days'') as f',
  'select floor, false from base', 'again: nothing to do'
);
select is(
  (select count(*) from base as b, telemetry.open_backfill(b.month - interval '1 ms', b.month) as f), 1::bigint, 'the end is exclusive'
);
select is(tap.outcome('select telemetry.open_backfill(b.floor - interval ''1 ms'', now()) from base as b'), 'PT410 below_retention_floor',
  'below the floor nothing is opened');
select is(tap.outcome('select telemetry.open_backfill(now(), now() + interval ''2 months'')'), 'PT422 in_the_future', 'nor in the future');
select is(tap.outcome('select telemetry.open_backfill(now(), now())'), 'PT400 invalid_range', 'an empty range');
select is(tap.outcome('select telemetry.open_backfill(null, now())'), 'PT400 invalid_range', 'no start');
select is(tap.outcome('select telemetry.open_backfill(now(), null)'), 'PT400 invalid_range', 'no end');
set local role pylayer_agent;
select is(tap.outcome('select telemetry.open_backfill(now() - interval ''1 day'', now())'), '42501', 'agents open none');
select is(
  (select i.status from base as b, telemetry.ingest_event(tap.event(p_at => b.floor + interval '1 hour')) as i), 'created', 'the months take events'
);

select * from finish();
