select no_plan();

create temporary table m as select tap.old_month() as month;
grant select on m to public;
select is(tap.outcome('select telemetry.drop_month(month) from m'), 'PT409 not_due', 'neither sealed nor detached');
select telemetry.seal_month(month) from m;
select is(tap.outcome('select telemetry.drop_month(month) from m'), 'PT409 not_due', 'not detached');
select tap.detach(month) from m;
update telemetry.month_rollups set events = 4;
select is(tap.outcome('select telemetry.drop_month(month) from m'), 'PT409 not_due', 'not counted');
update telemetry.month_rollups set events = 3;
do $$
declare
  v_table text := (select telemetry.partition_name(month) from m);
begin
  execute format('alter table %s disable trigger all', v_table);
  execute format('delete from %s where event_id = (select max(event_id) from %1$s)', v_table);
end
$$;
select is(tap.outcome('select telemetry.drop_month(month) from m'), 'PT409 rows_differ', 'an event is missing');
update telemetry.retired_months set events = 2;
update telemetry.month_rollups set events = 2;
insert into telemetry.archives (month, storage_key, rows, size_bytes, content_hash, min_event_id, max_event_id, verified_at)
select month, 'key', 3, 10, repeat('0', 64), core.ulid_floor(month), core.ulid_floor(now()), now() from m;
select is(tap.outcome('select telemetry.drop_month(month) from m'), 'PT409 rows_differ', 'its archive is of other rows');
delete from telemetry.archives;
set local role pylayer_admin;
select is(telemetry.drop_month(month), 2::bigint) from m;
select is(tap.outcome('select telemetry.drop_month(month) from m'), 'PT404 no_retired_month', 'once');
reset role;
select is(to_regclass(telemetry.partition_name(month)), null, 'it is gone') from m;
select isnt(dropped_at, null) from telemetry.retired_months;
set local role pylayer_agent;
select is(tap.outcome('select telemetry.drop_month(now())'), '42501', 'for admins');

select * from finish();
