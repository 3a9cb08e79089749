select no_plan();

create temporary table m as select date_trunc('month', now() + interval '7 months', 'UTC') as month;
grant select on m to public;
set local role pylayer_api;
select results_eq(
  $$select f.month, f.created from m, telemetry.make_months(array[m.month + interval '20 days', m.month + interval '1 second', now()]) as f$$,
  $$select date_trunc('month', now(), 'UTC'), false union all select month, true from m$$, 'a month is made once, one row each'
);
select results_eq(
  $$select f.partition, f.created from m, telemetry.make_months(array[m.month]) as f$$,
  $$select 'telemetry.workflow_events_p' || to_char(month at time zone 'UTC', 'YYYYMM01'), false from m$$, 'again: nothing to do'
);
select is_empty('select * from telemetry.make_months(''{}'')', 'no month is no row');
reset role;

set local timezone = 'Pacific/Auckland';
select is(
  (select pg_get_expr(c.relpartbound, c.oid) from m, pg_class as c where c.oid = telemetry.month_partition(m.month)),
  (select format('FOR VALUES FROM (%L) TO (%L)', core.ulid_floor(month),
    core.ulid_floor((month at time zone 'UTC' + interval '1 month') at time zone 'UTC')) from m),
  'its bounds are the month in UTC'
);
select is(
  (select array_agg(t.tgname order by t.tgname) from m, pg_trigger as t
    where t.tgrelid = telemetry.month_partition(m.month) and t.tgenabled = 'A'),
  array['workflow_events_append_only', 'workflow_events_keep_all']::name[], 'it is guarded'
);
select is(
  (select c.relowner::regrole::text from m, pg_class as c where c.oid = telemetry.month_partition(m.month)), 'pylayer_owner', 'the owner''s'
);

do $$
begin
  execute format('create table telemetry.workflow_events_p%s ()', to_char((now() + interval '9 months') at time zone 'UTC', 'YYYYMM01'));
end
$$;
select is(tap.outcome('select telemetry.make_months(array[now() + interval ''9 months''])'), 'PT409 partition_missing',
  'a table in the way is no silent failure');
set local role pylayer_admin;
select is(tap.outcome('select telemetry.make_months(array[now()])'), '42501', 'admins call make_months_ahead');

select * from finish();
