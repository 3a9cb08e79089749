-- telemetry.has_month: whether a month can be inserted into.
select plan(4);

set local timezone = 'UTC';
select ok(telemetry.has_month(now()), 'this month is there');
select ok(not telemetry.has_month(now() + interval '5 years'), 'a far one is not');
select ok(not telemetry.has_month(null), 'nor is none');
select telemetry.make_months(array[now() + interval '5 years']);
select ok(telemetry.has_month(now() + interval '5 years'), 'it is once it is made');

select * from finish();
