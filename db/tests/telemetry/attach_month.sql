select no_plan();

create temporary table m as select tap.old_month() as month;
grant select on m to public;
select telemetry.seal_month(month) from m;
select is(tap.outcome('select telemetry.attach_month(month) from m'), 'PT409 not_detached', 'it is there');
select tap.detach(month) from m;
set local role pylayer_admin;
select is(tap.outcome('select telemetry.attach_month(month) from m'), 'accepted');
reset role;
select is(count(*), 3::bigint, 'its events are back') from telemetry.workflow_events;
select is((select t.state from telemetry.month_tables() as t where t.month = m.month), 'attached') from m;
select is(tap.outcome('select telemetry.attach_month(now())'), 'PT409 not_detached', 'nothing to attach');
set local role pylayer_agent;
select is(tap.outcome('select telemetry.attach_month(now())'), '42501', 'for admins');

select * from finish();
