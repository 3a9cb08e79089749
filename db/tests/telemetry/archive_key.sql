select plan(2);

set local timezone = 'Pacific/Auckland';
select is(telemetry.archive_key('2026-01-31 23:59:59+00'), 'archives/workflow_events/month=2026-01/part-0.parquet', 'by months in UTC');
set local role pylayer_agent;
select is(tap.outcome('select telemetry.archive_key(now())'), '42501', 'not for agents');

select * from finish();
