select no_plan();

create temporary table m as select tap.old_month() as month;
grant select on m to public;
create function pg_temp.absent(p_from interval, p_to interval) returns text
language sql volatile
as $$
  select string_agg(format('%s %s', a.events, a.is_archived), ',')
  from m cross join telemetry.absent_months(m.month + p_from, m.month + p_to) as a
$$;

select is(pg_temp.absent('0', '1 month'), null, 'it is there');
select telemetry.seal_month(month) from m;
select is(pg_temp.absent('0', '1 month'), null, 'sealed, it is there');
select tap.detach(month) from m;
select is(pg_temp.absent('0', '1 month'), '3 f', 'on its way out');
select telemetry.drop_month(month) from m;
set local role pylayer_analyst;
select is(pg_temp.absent('10 days', '11 days'), '3 f', 'dropped: for any part of it');
select is(pg_temp.absent('-1 day', '0'), null, 'not before');
select is(pg_temp.absent('1 month', '2 months'), null, 'not after');

set local role pylayer_agent;
select is(tap.outcome('select * from telemetry.absent_months(now(), now())'), '42501', 'not for agents');

select * from finish();
