select no_plan();

update core.settings set max_event_bytes = 2048;
create temporary table bad (nth integer generated always as identity, event jsonb, reason text);
insert into bad (event, reason) values
  ('1', 'not_an_object'),
  ('null', 'not_an_object'),
  ('[]', 'not_an_object'),
  (tap.event('{"payloads": {}}'), 'unknown_key'),
  (tap.event() - 'event_id', 'missing_event_id'),
  (tap.event('{"event_id": null}'), 'missing_event_id'),
  (tap.event('{"event_id": "INFR-001"}'), 'invalid_event_id'),
  (tap.event(jsonb_build_object('event_id', lower(core.new_ulid()))), 'invalid_event_id'),
  (tap.event('{"event_id": 7}'), 'invalid_event_id'),
  (tap.event() - 'event_name', 'invalid_field'),
  (tap.event('{"event_version": "1"}'), 'invalid_field'),
  (tap.event('{"run_id": 7}'), 'invalid_field'),
  (tap.event('{"metadata": []}'), 'invalid_field'),
  (tap.event(jsonb_build_object('item_id', repeat('é', 501))), 'invalid_field'),
  (tap.event('{"ts": "yesterday"}'), 'invalid_ts'),
  (tap.event('{"ts": "2026-13-01"}'), 'invalid_ts'),
  (tap.event('{"ts": 20260101}'), 'invalid_ts'),
  (tap.event(jsonb_build_object('payload', jsonb_build_object('issue_type', 'x', 'impact', repeat('x', 3000)))), 'event_too_large'),
  (tap.event('{"event_name": "workflow.unheard_of"}'), 'unknown_event_type'),
  (tap.event('{"event_version": 2}'), 'unknown_event_type'),
  (tap.event('{"event_version": 1.5}'), 'unknown_event_type'),
  (tap.event(p_at => '2001-01-01'), 'below_retention_floor'),
  (tap.event(jsonb_build_object('event_id', core.ulid_floor(core.ulid_time(telemetry.retention_floor()) - interval '1 ms'))),
    'below_retention_floor'),
  (tap.event(p_at => now() + interval '10 minutes'), 'in_the_future'),
  (tap.event(jsonb_build_object('ts', now() - interval '25 hours')), 'ts_skew'),
  (tap.event(jsonb_build_object('ts', now() + interval '25 hours')), 'ts_skew'),
  (tap.event() - 'payload', 'invalid_payload'),
  (tap.event('{"payload": null}'), 'invalid_payload'),
  (tap.event('{"payload": ["issue_type", "impact"]}'), 'invalid_payload'),
  (tap.event('{"payload": {"issue_type": "x"}}'), 'contract'),
  (tap.event('{"payload": {"issue_type": "x", "impact": 1}}'), 'contract');
grant select on bad to public;

select set_eq(
  'select distinct reason from bad',
  $$select found[1] from regexp_matches(pg_get_functiondef('telemetry.refusal'::regproc), '^\s+\(''(\w+)'', ''PT', 'gn') as found$$,
  'every reason of telemetry.refusal is reached here'
);

set local role pylayer_agent;
select is(
  (select array_agg(i.reason order by i.position) from telemetry.ingest_events((select jsonb_agg(event order by nth) from bad), 'report') as i),
  (select array_agg(reason order by nth) from bad), 'report names the reason of each'
);
select set_eq(
  $$select status from telemetry.ingest_events((select jsonb_agg(event order by nth) from bad), 'report')$$, array['refused'],
  'all are refused'
);
reset role;
select is_empty(
  $$select b.nth from bad as b
    join telemetry.ingest_events((select jsonb_agg(event order by nth) from bad), 'report') as i on i.position = b.nth
    cross join telemetry.refusal(b.reason) as r
    where i.code is distinct from r.code or i.detail is null or r.hint is null$$,
  'report has the code and a detail'
);
select is_empty(
  $$select b.nth, o.outcome from bad as b cross join telemetry.refusal(b.reason) as r
    cross join lateral tap.outcome(format('select telemetry.ingest_event(%L)', b.event)) as o (outcome)
    where o.outcome is distinct from r.code || ' ' || b.reason$$,
  'one event raises its code and reason'
);
select is_empty(
  $$select b.nth, o.outcome from bad as b cross join telemetry.refusal(b.reason) as r
    cross join lateral tap.outcome(format('select telemetry.ingest_events(%L)', jsonb_build_array(tap.event(), b.event))) as o (outcome)
    where o.outcome is distinct from r.code || ' ' || b.reason$$,
  'so does a batch'
);
select is((select count(*) from telemetry.workflow_events), 0::bigint, 'nothing is stored, not even the good ones of a batch');
select throws_ok(format('select telemetry.ingest_event(%L)', tap.event() - 'event_id'), 'PT400');
select throws_ok(format('select telemetry.ingest_event(%L)', tap.event(p_at => '2001-01-01')), 'PT410');
select throws_ok(format('select telemetry.ingest_event(%L)', tap.event('{"payload": {}}')), 'PT422');
select is((select r.code from telemetry.refusal('no_such_reason') as r), null, 'no other reason is known');

select * from finish();
