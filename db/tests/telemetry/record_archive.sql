select no_plan();

create temporary table m as select tap.old_month() as month;
create temporary table f as select repeat('a', 64) as hash, min(event_id) as first, max(event_id) as last from telemetry.workflow_events;
grant select on m, f to public;
update core.settings set archive_enabled = true;
select is(tap.outcome('select telemetry.record_archive(month, 3, 10, hash, first, last) from m, f'), 'PT409 not_due', 'not sealed');
select telemetry.seal_month(month) from m;
set local role pylayer_admin;
select is(tap.outcome('select telemetry.record_archive(month, 2, 10, hash, first, last) from m, f'), 'PT409 rows_differ', 'a row short');
select is(tap.outcome('select telemetry.record_archive(month, 3, 10, hash, last, first) from m, f'), 'PT409 rows_differ', 'other ids');
select is(tap.outcome('select telemetry.record_archive(month, 3, 9, hash, first, last) from m, f'), 'accepted');
select is(tap.outcome('select telemetry.record_archive(month, 3, 10, hash, first, last) from m, f'), 'accepted', 'again, with other bytes');
reset role;
select results_eq('select storage_key, rows, size_bytes, rows_hash, verified_at from telemetry.archives',
  'select telemetry.archive_key(month), 3::bigint, 10::bigint, d.rows_hash, null::timestamptz from m, telemetry.month_digest(telemetry.partition_name(month)::regclass) as d',
  'not verified yet');
set local role pylayer_admin;
select is(tap.next_step(month), 'archive', 'so it does not count yet') from m;
select telemetry.confirm_archive(m.month, 3, hash, a.rows_hash, first, last) from m, f, telemetry.archives as a;
select is(tap.next_step(month), 'detach') from m;
select is(tap.outcome('select telemetry.record_archive(month, 3, 10, hash, first, last) from m, f'), 'PT409 not_due',
  'a verified archive stays');
select is(tap.outcome('select telemetry.record_archive(now(), 3, 10, hash, first, last) from f'), 'PT404 no_retired_month');
set local role pylayer_agent;
select is(tap.outcome('select telemetry.record_archive(now(), 3, 10, hash, first, last) from f'), '42501', 'for admins');

select * from finish();
