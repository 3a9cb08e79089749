select no_plan();

create temporary table m as select tap.old_month() as month;
grant select on m to public;
set local role pylayer_admin;
select is(telemetry.seal_month(month + interval '3 days'), 3::bigint, 'by any time within it') from m;
select is(tap.outcome('select telemetry.seal_month(month) from m'), 'PT409 not_due', 'once');
select is(tap.outcome('select telemetry.seal_month(now())'), 'PT404 no_retired_month', 'not above the floor');
reset role;
select results_eq('select sealed_at is not null, events from telemetry.retired_months where month = (select month from m)',
  'values (true, 3::bigint)');
set local session_replication_role = replica;
do $$
begin
  execute format('create view pg_temp.sealed as select * from %s', (select telemetry.partition_name(month) from m));
end
$$;
select is(tap.outcome('insert into sealed select * from sealed limit 1'), 'PT410 below_retention_floor', 'nothing is added');
select is(tap.outcome('update sealed set run_id = null'), 'PT403 append_only');
select is(tap.outcome('delete from sealed'), 'PT403 append_only');
select is((select array_agg(t.tgname::text order by t.tgname) from pg_trigger as t
    where t.tgrelid = telemetry.partition_name(m.month)::regclass and t.tgenabled = 'A' and t.tgparentid = 0),
  array['workflow_events_keep', 'workflow_events_keep_all', 'workflow_events_sealed'], 'by triggers of its own') from m;
set local role pylayer_agent;
select is(tap.outcome('select telemetry.seal_month(now())'), '42501', 'for admins');

select * from finish();
