select no_plan();

select is(
  telemetry.month_partition(now())::text, 'telemetry.workflow_events_p' || to_char(now() at time zone 'UTC', 'YYYYMM01'), 'this month''s'
);
select is(
  telemetry.month_partition((date_trunc('month', now() at time zone 'UTC') + interval '1 month' - interval '1 ms') at time zone 'UTC'),
  telemetry.month_partition(now()), 'up to its end'
);
select is(telemetry.month_partition('2001-01-01'), null, 'none for a month that is not there');
create table telemetry.workflow_events_p20010101 ();
select is(telemetry.month_partition('2001-01-01'), null, 'a table that is no partition is not one');
set local timezone = 'Pacific/Kiritimati';
select is(
  telemetry.month_partition(date_trunc('month', now(), 'UTC')), telemetry.month_partition(now()), 'months are UTC, whatever the session''s zone'
);

select * from finish();
