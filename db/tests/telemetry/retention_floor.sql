select no_plan();

select is(
  core.ulid_time(telemetry.retention_floor()), date_trunc('month', core.ulid_time(telemetry.retention_floor()), 'UTC'), 'the start of a month'
);
select cmp_ok(core.ulid_time(telemetry.retention_floor()), '<=', now() - interval '90 days', 'that lies 90 days back when the database is new');
create temporary table e as select tap.event(p_at => now() - interval '2 days') as old;
grant select on e to public;
select telemetry.ingest_event(old) from e;

update core.settings set retention_floor = core.ulid_floor(now() - interval '1 day');
set local role pylayer_agent;
select is(telemetry.retention_floor(), core.ulid_floor(now() - interval '1 day'), 'it has grown');
select is(tap.outcome('select telemetry.ingest_event(old) from e'), 'PT410 below_retention_floor', 'what was known below it is refused, not stored again');
select is(tap.outcome('select telemetry.ingest_event(tap.event(p_at => now() - interval ''25 hours''))'), 'PT410 below_retention_floor', 'so is what is new');
select is(
  (select i.status from telemetry.ingest_event(tap.event(jsonb_build_object('event_id', telemetry.retention_floor()))) as i), 'created',
  'the floor itself is accepted'
);
reset role;
update core.settings set retention_days = 3650;
select is(telemetry.retention_floor(), core.ulid_floor(now() - interval '1 day'), 'more retention_days do not lower it');
select is(tap.outcome('update core.settings set retention_floor = core.ulid_floor(now() - interval ''2 days'')'), 'PT403 only_grows', 'nor does anybody');

select * from finish();
