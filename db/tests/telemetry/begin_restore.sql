select no_plan();

create temporary table m as select tap.old_month() as month;
grant select on m to public;
select is(tap.outcome('select telemetry.begin_restore(month) from m'), 'PT404 no_archive');
insert into telemetry.archives (month, storage_key, rows, size_bytes, content_hash, min_event_id, max_event_id, verified_at)
select month, 'key', 3, 10, repeat('0', 64), core.ulid_floor(month), core.ulid_floor(now()), now() from m;
select is(tap.outcome('select telemetry.begin_restore(month) from m'), 'PT409 month_present', 'it is there');
select telemetry.seal_month(month) from m;
select tap.detach(month) from m;
select is(tap.outcome('select telemetry.begin_restore(month) from m'), 'PT409 month_present', 'also beside the table of events');
select telemetry.drop_month(month) from m;
set local role pylayer_admin;
select is(tap.outcome('select telemetry.begin_restore(month) from m'), 'accepted');
select is(tap.outcome('select telemetry.begin_restore(month) from m'), 'accepted', 'anew');
select is(tap.next_step(month), 'wait restoring', 'retention leaves it alone') from m;
reset role;
update telemetry.retired_months set restoring_since = now() - interval '25 hours';
select is(tap.next_step(month), 'drop', 'for a day') from m;
select is((select c.relowner::regrole::text from pg_class as c where c.oid = telemetry.partition_name(m.month)::regclass),
  'pylayer_owner', 'the owner''s') from m;
set local role pylayer_agent;
select is(tap.outcome('select telemetry.begin_restore(now())'), '42501', 'for admins');

select * from finish();
