-- telemetry.has_month: whether a month can be inserted into.
select plan(7);

set local timezone = 'UTC';
select ok(telemetry.has_month(now()), 'this month is there');
select ok(not telemetry.has_month(now() + interval '5 years'), 'a far one is not');
select ok(not telemetry.has_month(null), 'nor is none');
select telemetry.make_months(array[now() + interval '5 years']);
select ok(telemetry.has_month(now() + interval '5 years'), 'it is once it is made');

do $$
begin
  execute format('alter table telemetry.workflow_events detach partition %s', telemetry.month_partition(now()));
end
$$;
select ok(not telemetry.has_month(now()), 'a detached month that keeps its name is none');
select is(tap.outcome('select telemetry.ingest_event(tap.event())'), 'PT409 partition_missing', 'an event of it is refused by name');
select is(
  tap.outcome('select telemetry.ingest_events(jsonb_build_array(tap.event()), ''report'')'), 'PT409 partition_missing', 'a batch too'
);

select * from finish();
