select no_plan();

create temporary table m as select tap.old_month() as month;
create temporary table r as select jsonb_agg(to_jsonb(w) || jsonb_build_object('payload', w.payload::text, 'metadata', w.metadata::text)) as rows
from telemetry.workflow_events as w;
create temporary table was as select * from telemetry.workflow_events;
grant select on m, r, was to public;
insert into telemetry.archives (month, storage_key, rows, size_bytes, content_hash, min_event_id, max_event_id, verified_at)
select m.month, 'key', 3, 10, repeat('0', 64), min(w.event_id), max(w.event_id), now() from m, was as w group by m.month;
select telemetry.seal_month(month) from m;
select tap.detach(month) from m;
select telemetry.drop_month(month) from m;
select is(tap.outcome('select telemetry.restore_events(month, rows) from m, r'), 'PT409 not_restoring');
select telemetry.begin_restore(month) from m;
set local role pylayer_admin;
select is(telemetry.restore_events(month, rows), 3) from m, r;
select is(telemetry.restore_events(month, rows), 0, 'again: nothing') from m, r;
select is(tap.outcome($$select telemetry.restore_events(month, jsonb_build_array(rows -> 0 || jsonb_build_object('event_id', core.new_ulid()))) from m, r$$),
  '23514 event_id_of_month', 'no row of another month');
select is_empty('select from telemetry.workflow_events', 'nobody sees them yet');
select telemetry.finish_restore(month) from m;
select results_eq('select * from telemetry.workflow_events order by event_id', 'select * from was order by event_id', 'every column as it was');
set local role pylayer_agent;
select is(tap.outcome('select telemetry.restore_events(now(), null)'), '42501', 'for admins');

select * from finish();
