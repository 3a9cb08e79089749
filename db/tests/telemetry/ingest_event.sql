select no_plan();

create temporary table e as select tap.event('{"item_id": "INFR-001"}') as one;
grant select on e to public;
set local role pylayer_agent;
select results_eq(
  'select i.event_id, i.status from e, telemetry.ingest_event(e.one) as i', $$select one ->> 'event_id', 'created' from e$$, 'created'
);
select is((select i.status from e, telemetry.ingest_event(e.one) as i), 'duplicate', 'the same again');
select is((select i.status from e, telemetry.ingest_event(e.one || '{"item_id": "INFR-002"}') as i), 'conflict', 'other content');
select is(tap.outcome('select telemetry.ingest_event(null)'), 'PT400 not_an_object', 'null is no event');
select is(tap.outcome('select telemetry.ingest_event(''[]'')'), 'PT400 not_an_object', 'nor is a batch');
select is((select i.status from telemetry.ingest_event(tap.event(p_at => core.ulid_time(telemetry.retention_floor()))) as i),
  'created', 'a missing month is made');
reset role;

set local track_functions = 'pl';
select telemetry.ingest_event(tap.event(jsonb_build_object('ts', now(), 'metadata', null, 'event_version', 1)));
select is_empty(
  $$select from pg_stat_xact_user_functions as f where f.funcid = 'telemetry.ingest_events(jsonb, text)'::regprocedure$$,
  'a good, new event of the open month needs no batch'
);
reset track_functions;

create temporary table untimed as
select tap.event(p_at => now() - n * interval '7 minutes 1.003 seconds') as doc from generate_series(0, 200) as n;
select telemetry.ingest_event(u.doc) from untimed as u;
select results_eq(
  $$select w.event_id, w.ts from telemetry.workflow_events as w inner join untimed as u on u.doc ->> 'event_id' = w.event_id order by 1$$,
  $$select (u.doc ->> 'event_id') collate "C", core.ulid_time(u.doc ->> 'event_id') from untimed as u order by 1$$,
  'an event without a ts has the time in its id'
);

-- values as a table stores them, compressed: their size says nothing of the event's
create temporary table toasted as
select tap.event(jsonb_build_object('payload', '{"issue_type": "handoff", "impact": "low"}'::jsonb || jsonb_build_object('note', repeat('x', 3000000)))) as large,
  tap.event(jsonb_build_object('run_id', repeat('x', 20000))) as long_id, tap.event(jsonb_build_object('metadata', jsonb_build_object('note', repeat('x', 9000)))) as good;
select ok(pg_column_size(large) < 262144 and pg_column_compression(long_id) is not null and pg_column_compression(good) is not null, 'compressed') from toasted;
select is(tap.outcome('select telemetry.ingest_event(large) from toasted'), 'PT413 event_too_large');
select is(tap.outcome('select telemetry.ingest_event(long_id) from toasted'), 'PT400 invalid_field');
select is(tap.outcome('select telemetry.ingest_events(jsonb_build_array(large)) from toasted'), 'PT413 event_too_large');
select is((select i.status from toasted, telemetry.ingest_event(good) as i), 'created');

create temporary table before as select epoch from core.settings;
update core.settings set system_identifier = 1, open_since = '2000-01-01';  -- as restored from a dump

select is((select i.status from telemetry.ingest_event(tap.event('{"run_id": "moved"}')) as i), 'created', 'in another cluster');
select is(
  (select w.recorded_epoch from telemetry.workflow_events as w where w.run_id = 'moved'), (select epoch + 1 from before),
  'it has the next epoch'
);
select is((select w.item_id from telemetry.workflow_events as w, e where w.event_id = e.one ->> 'event_id'), 'INFR-001', 'a conflict changes nothing');

-- ON CONFLICT names no key, which spares a look at the catalog for each index of the month: there must be no other one.
select results_eq(
  $$select pg_get_indexdef(i.indexrelid, n.nth, true) from pg_index as i cross join generate_series(1, i.indnkeyatts) as n (nth)
    where i.indrelid = 'telemetry.workflow_events'::regclass and (i.indisunique or i.indisexclusion)$$,
  array['event_id'], 'the id is the only unique key'
);

select * from finish();
