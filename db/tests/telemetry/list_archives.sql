select no_plan();

select is_empty('select * from telemetry.list_archives()');
create temporary table m as select tap.old_month() as month;
grant select on m to public;
insert into telemetry.archives (month, storage_key, rows, size_bytes, content_hash) select month, 'key', 0, 10, repeat('0', 64) from m;
set local role pylayer_analyst;
select results_eq('select month, storage_key, rows, dropped_at, kept_until from telemetry.list_archives()',
  'select month, ''key'', 0::bigint, null::timestamptz, null::timestamptz from m');
select is(count(*), 1::bigint, 'one month') from m, telemetry.list_archives(m.month + interval '9 days');
select is_empty('select * from telemetry.list_archives(now())', 'another month');
set local role pylayer_agent;
select is(tap.outcome('select telemetry.list_archives()'), '42501', 'not for agents');

select * from finish();
