-- telemetry.partition_name: the name that pg_partman gives to a month.
select plan(3);

set local timezone = 'UTC';
select is(
  telemetry.partition_name('2026-11-30 23:59:59.999+00'), 'telemetry.workflow_events_p20261101', 'the last millisecond'
);
select is(telemetry.partition_name('2026-12-01 00:00:00+00'), 'telemetry.workflow_events_p20261201', 'the first');
select is(
  to_regclass(telemetry.partition_name(now())), telemetry.month_partition(now()), 'the name is that of the partition'
);

select * from finish();
