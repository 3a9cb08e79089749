select no_plan();

create temporary table m as select tap.old_month() as month;
grant select on m to public;
update core.settings set retention_grace = interval '1 day';
select is(tap.next_step(month), 'wait grace') from m;
update core.settings set retention_grace = interval '0', archive_enabled = true;
select is(tap.next_step(month), 'seal') from m;
select telemetry.seal_month(month) from m;
update telemetry.month_rollups set events = 2;
select is(tap.next_step(month), 'wait not_counted') from m;
update telemetry.month_rollups set events = 3;
select is(tap.next_step(month), 'archive') from m;
update core.settings set archive_enabled = false;
select is(tap.next_step(month), 'detach') from m;
select tap.detach(month) from m;
select is(tap.next_step(month), 'drop') from m;
update telemetry.month_rollups set events = 2;
select is(tap.next_step(month), 'attach', 'the rollups see only what is in the table of events') from m;
update telemetry.month_rollups set events = 3;
update core.settings set archive_enabled = true;
select is(tap.next_step(month), 'attach', 'and so does the archive') from m;
update core.settings set archive_enabled = false;
select telemetry.drop_month(month) from m;
select is(tap.next_step(month), null, 'nothing is left to do') from m;
select is_empty('select from telemetry.retention_steps() where month >= core.ulid_time(telemetry.retention_floor())',
  'nothing above the floor');
set local role pylayer_agent;
select is(tap.outcome('select * from telemetry.retention_steps()'), '42501', 'not for agents');

select * from finish();
