select no_plan();

create temporary table m as select tap.old_month() as month;
select is((select t.state from telemetry.month_tables() as t where t.month = m.month), 'attached') from m;
select is((select t.partition::text from telemetry.month_tables() as t where t.month = m.month),
  telemetry.partition_name(m.month)) from m;
select telemetry.seal_month(month) from m;
select tap.detach(month) from m;
select is((select t.state from telemetry.month_tables() as t where t.month = m.month), 'detached') from m;
select telemetry.drop_month(month) from m;
select is((select t.state from telemetry.month_tables() as t where t.month = m.month), null) from m;
create table telemetry.workflow_events_p20269901 ();
select is(count(*), (select count(*) from pg_inherits where inhparent = 'telemetry.workflow_events'::regclass),
  'other names are no months') from telemetry.month_tables();

select * from finish();
