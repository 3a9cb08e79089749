select no_plan();

create temporary table m as select tap.old_month() as month;
grant select on m to public;
select is(telemetry.retention_floor(), core.ulid_floor(date_trunc('month', now() - interval '1 day', 'UTC')), 'by whole months');
select results_eq('select month, raised_at from telemetry.retired_months where month = (select month from m)',
  'select month, now() from m', 'each month below it is noted');
update core.settings set retention_days = 400;
select is(telemetry.raise_retention_floor(), telemetry.retention_floor(), 'again: nothing');
select is(core.ulid_time(telemetry.retention_floor()), date_trunc('month', now() - interval '1 day', 'UTC'),
  'more days to keep do not lower it');
select is(tap.outcome($$select telemetry.ingest_event(tap.event('{}', (select month from m)))$$), 'PT410 below_retention_floor',
  'events below it are refused');
select is(tap.outcome($$select telemetry.make_months(array[(select month - interval '2 months' from m)])$$),
  'PT410 below_retention_floor', 'no month is made below it');
set local role pylayer_analyst;
select is(tap.outcome('select telemetry.raise_retention_floor()'), '42501', 'for admins');

select * from finish();
