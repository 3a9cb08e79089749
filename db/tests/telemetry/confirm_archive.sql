select no_plan();

create temporary table m as select tap.old_month() as month;
create temporary table f as select repeat('a', 64) as hash, min(event_id) as first, max(event_id) as last,
  (select d.rows_hash from telemetry.month_digest(telemetry.partition_name((select month from m))::regclass) as d) as rows_hash from telemetry.workflow_events;
grant select on m, f to public;
update core.settings set archive_enabled = true;
select telemetry.seal_month(month) from m;
select is(tap.outcome('select telemetry.confirm_archive(month, 3, hash, rows_hash, first, last) from m, f'), 'PT404 no_archive');
select telemetry.record_archive(month, 3, 10, hash, first, last) from m, f;
set local role pylayer_admin;
select is(tap.outcome('select telemetry.confirm_archive(month, 2, hash, rows_hash, first, last) from m, f'), 'PT409 archive_differs', 'rows');
select is(tap.outcome('select telemetry.confirm_archive(month, 3, reverse(hash) || 1, rows_hash, first, last) from m, f'), 'PT409 archive_differs', 'bytes');
select is(tap.outcome('select telemetry.confirm_archive(month, 3, hash, hash, first, last) from m, f'), 'PT409 archive_differs', 'rows of other content');
select is(tap.outcome('select telemetry.confirm_archive(month, 3, hash, null, first, last) from m, f'), 'PT409 archive_differs', 'no digest');
select is(tap.outcome('select telemetry.confirm_archive(month, 3, hash, rows_hash, null, last) from m, f'), 'PT409 archive_differs', 'least id');
select is(tap.outcome('select telemetry.confirm_archive(month, 3, hash, rows_hash, first, first) from m, f'), 'PT409 archive_differs', 'greatest id');
select is((select verified_at from telemetry.archives), null);
select isnt(telemetry.confirm_archive(month, 3, hash, rows_hash, first, last), null) from m, f;
select isnt((select verified_at from telemetry.archives), null);
select is(tap.outcome('select telemetry.confirm_archive(month, 3, hash, rows_hash, first, last) from m, f'), 'accepted', 'again');
set local role pylayer_agent;
select is(tap.outcome('select telemetry.confirm_archive(now(), 0, null, null, null, null)'), '42501', 'for admins');

select * from finish();
