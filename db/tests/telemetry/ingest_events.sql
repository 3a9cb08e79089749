select no_plan();

create temporary table e as
select tap.event('{"run_id": "r", "metadata": {"a": 1}}') as one, tap.event() as two, tap.event() as three;
grant select on e to public;
set local role pylayer_agent;

select results_eq(
  'select i.position, i.event_id, i.status from e, telemetry.ingest_events(jsonb_build_array(e.two, e.one)) as i',
  $$select 1, two ->> 'event_id', 'created' from e union all select 2, one ->> 'event_id', 'created' from e$$,
  'one row an event, in input order'
);
select results_eq(
  'select i.status from e, telemetry.ingest_events(jsonb_build_array(e.one, e.three, e.three, e.two)) as i',
  array['duplicate', 'created', 'duplicate', 'duplicate'], 'what is known is a duplicate, within the batch too'
);
select results_eq(
  $$select i.status from e, telemetry.ingest_events(jsonb_build_array(
      e.one || '{"run_id": "other"}', e.one || '{"metadata": {"a": 2}}', e.one - 'run_id', e.one || '{"item_id": "i"}',
      e.one || '{"payload": {"issue_type": "handoff", "impact": "high"}}',
      e.one || '{"payload": {"impact": "low", "issue_type": "handoff"}}'
    )) as i$$,
  array['conflict', 'duplicate', 'conflict', 'conflict', 'conflict', 'duplicate'],
  'other content is a conflict; metadata and the order of keys are not content'
);
select results_eq(
  $$select i.position, i.status, i.reason from e, telemetry.ingest_events(jsonb_build_array(
      1, tap.event(), e.one, tap.event('{"payload": {}}'), e.one || '{"run_id": "x"}'), 'report') as i$$,
  $$values (1, 'refused', 'not_an_object'), (2, 'created', null), (3, 'duplicate', null), (4, 'refused', 'contract'), (5, 'conflict', null)$$,
  'report stores the good ones'
);
select results_eq(
  $$select i.status from (select core.new_ulid() as id offset 0) as n, telemetry.ingest_events(jsonb_build_array(
      tap.event(jsonb_build_object('event_id', n.id, 'payload', '{}'::jsonb)),
      tap.event(jsonb_build_object('event_id', n.id)),
      tap.event(jsonb_build_object('event_id', n.id, 'run_id', 'x'))
    ), 'report') as i$$,
  array['refused', 'created', 'conflict'], 'the first good one of an id is stored'
);
select is_empty('select * from telemetry.ingest_events(''[]'')', 'an empty batch is nothing');

select is(tap.outcome($$select telemetry.ingest_events('{}')$$), 'PT400 not_an_array', 'an object is no batch');
select is(tap.outcome($$select telemetry.ingest_events(null)$$), 'PT400 not_an_array', 'null is no batch');
select is(tap.outcome($$select telemetry.ingest_events('[]', 'ignore')$$), 'PT400 invalid_on_error', 'raise or report');
select is(tap.outcome($$select telemetry.ingest_events('[]', null)$$), 'PT400 invalid_on_error', 'one of them');
reset role;
update core.settings set max_batch_events = 2;
set local role pylayer_agent;
select is(tap.outcome($$select telemetry.ingest_events('[1, 1, 1]', 'report')$$), 'PT413 too_many_events', 'over the limit');
select is(tap.outcome($$select telemetry.ingest_events('[1, 1]', 'report')$$), 'accepted', 'at the limit');
reset role;

select row_eq(
  $$select w.event_version, w.run_id, w.metadata, w.ts, w.recorded_epoch, w.recorded_xid
    from telemetry.workflow_events as w, e where w.event_id = e.one ->> 'event_id'$$,
  (select row(1, 'r'::text, '{"a": 1}'::jsonb, core.ulid_time(one ->> 'event_id'), core.current_epoch(), pg_current_xact_id()::text::bigint) from e),
  'the row: version 1 and the time of the id by default, epoch and transaction'
);
select lives_ok(
  $$select telemetry.ingest_events(jsonb_build_array(tap.event(p_at => core.ulid_time(telemetry.retention_floor())),
      tap.event(p_at => now() + interval '4 minutes')))$$, 'both ends of the window, months made on the spot'
);
select is(
  (select count(*) from telemetry.workflow_events as w
    where w.tableoid::regclass::text <> 'telemetry.workflow_events_p' || to_char(core.ulid_time(w.event_id) at time zone 'UTC', 'YYYYMM01')),
  0::bigint, 'each event is in the month that its id names'
);
set local timezone = 'Pacific/Auckland';
select telemetry.ingest_event(tap.event(jsonb_build_object(
  'run_id', 'zone', 'ts', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS')
)));
select is(
  (select w.ts from telemetry.workflow_events as w where w.run_id = 'zone'), date_trunc('second', now()),
  'a ts without a zone is UTC, whatever the session''s'
);

select * from finish();
