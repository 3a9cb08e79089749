select no_plan();

select is((select months_ahead from telemetry.retention_status()), 3, 'as a migration makes them');
select telemetry.make_months(array[now() + interval '5 months']);
select is((select months_ahead from telemetry.retention_status()), 3, 'up to the first gap');
create temporary table m as select tap.old_month() as month;
grant select on m to public;
select results_eq('select oldest_month, retention_floor, waiting_months, overdue_months from telemetry.retention_status()',
  $$select month, date_trunc('month', now() - interval '1 day', 'UTC'), 1, 0 from m$$);
update telemetry.retired_months set raised_at = now() - interval '3 days';
select is((select overdue_months from telemetry.retention_status()), 1, 'two days are enough');
set local role pylayer_analyst;
select is((select waiting_months from telemetry.retention_status()), 1, 'for readers');
set local role pylayer_agent;
select is(tap.outcome('select telemetry.retention_status()'), '42501', 'not for agents');

select * from finish();
