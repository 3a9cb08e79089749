select no_plan();

create temporary table m as select tap.old_month() as month;
create temporary table r as select jsonb_agg(to_jsonb(w) || jsonb_build_object('payload', w.payload::text)) as rows from telemetry.workflow_events as w;
grant select on m, r to public;
insert into telemetry.archives (month, storage_key, rows, size_bytes, content_hash, min_event_id, max_event_id, verified_at)
select m.month, 'key', 3, 10, repeat('0', 64), min(w.event_id), max(w.event_id), now() from m, telemetry.workflow_events as w group by m.month;
select telemetry.seal_month(month) from m;
select tap.detach(month) from m;
select telemetry.drop_month(month) from m;
select is(tap.outcome('select telemetry.finish_restore(month) from m'), 'PT409 not_restoring');
select telemetry.begin_restore(month) from m;
set local role pylayer_admin;
select is(tap.outcome('select telemetry.finish_restore(month) from m'), 'PT409 archive_differs', 'no rows yet');
select telemetry.restore_events(month, rows) from m, r;
select is(tap.outcome('select telemetry.finish_restore(month, 0) from m'), 'PT400 invalid_days');
select is(telemetry.finish_restore(month, 2), now() + interval '2 days') from m;
select is(tap.next_step(month), 'wait restored') from m;
select is(telemetry.finish_restore(month, 5), now() + interval '2 days', 'again: says until when') from m;
select is(count(*), 3::bigint) from telemetry.workflow_events;
reset role;
select is((select array_agg(distinct t.tgname::text order by t.tgname::text) from pg_trigger as t
    where t.tgrelid = telemetry.partition_name(m.month)::regclass and t.tgenabled = 'A'),
  array['workflow_events_append_only', 'workflow_events_keep', 'workflow_events_keep_all', 'workflow_events_sealed'], 'guarded and sealed') from m;
update telemetry.retired_months set kept_until = now();
select is(tap.next_step(month), 'detach', 'it leaves again') from m;
set local role pylayer_agent;
select is(tap.outcome('select telemetry.finish_restore(now())'), '42501', 'for admins');

select * from finish();
