select no_plan();

set local role pylayer_admin;
select results_eq(
  $$select * from telemetry.register_event_type('demo.thing_done', '{"required": ["a"], "properties": {"a": {"type": "string", "maxLength": 3}}}',
    p_description => 'A thing was done')$$,
  $$values ('demo.thing_done', 1, true)$$, 'a new type'
);
select results_eq(
  $$select * from telemetry.register_event_type('demo.thing_done', '{"properties": {"a": {"maxLength": 3, "type": "string"}}, "required": ["a"]}')$$,
  $$values ('demo.thing_done', 1, false)$$, 'the same again, whatever the order of its keys'
);
select is(tap.outcome($$select telemetry.register_event_type('demo.thing_done', '{}')$$), 'PT409 contract_exists', 'another contract');
select results_eq(
  $$select * from telemetry.register_event_type('demo.thing_done', '{}', 2)$$, $$values ('demo.thing_done', 2, true)$$, 'is another version'
);
select is((select t.description from telemetry.event_types as t where t.event_name = 'demo.thing_done' and t.event_version = 1),
  'A thing was done', 'it is described');

set local role pylayer_agent;
select is((select i.status from telemetry.ingest_event(tap.event('{"event_name": "demo.thing_done", "payload": {"a": "xyz"}}')) as i), 'created',
  'its events are taken');
select is(tap.outcome($$select telemetry.ingest_event(tap.event('{"event_name": "demo.thing_done", "payload": {"a": "wxyz"}}'))$$),
  'PT422 contract', 'and checked, maxLength too');
select is(tap.outcome($$select telemetry.ingest_event(tap.event('{"event_name": "demo.thing_done", "payload": "wxyz"}'))$$),
  'PT422 invalid_payload', 'whatever the payload is');
select is((select i.status from telemetry.ingest_event(tap.event('{"event_name": "demo.thing_done", "event_version": 2, "payload": {"a": "wxyz"}}')) as i),
  'created', 'by the contract of their version');
select is(tap.outcome($$select telemetry.register_event_type('demo.other_done', '{}')$$), '42501', 'an agent registers nothing');
set local role pylayer_admin;
select is(tap.outcome($$update telemetry.event_types set contract = '{}'$$), '42501', 'and nobody changes a contract');

create temporary table bad (contract jsonb);
insert into bad values
  (null), ('null'), ('[]'), ('"x"'), ('{"type": "array"}'), ('{"additionalProperties": false}'),
  ('{"required": "a"}'), ('{"required": {}}'), ('{"required": [1]}'), ('{"required": ["a", null]}'),
  ('{"properties": []}'), ('{"properties": "a"}'), ('{"properties": {"a": 1}}'), ('{"properties": {"a": []}}'),
  ('{"properties": {"": {}}}'), ('{"properties": {"a b": {}}}'), ('{"properties": {"1a": {}}}'), ('{"properties": {"a\"b": {}}}'),
  (jsonb_build_object('properties', jsonb_build_object(repeat('a', 101), '{}'::jsonb))),
  ('{"properties": {"a": {"pattern": "x"}}}'), ('{"properties": {"a": {"type": 1}}}'), ('{"properties": {"a": {"type": null}}}'),
  ('{"properties": {"a": {"type": {}}}}'), ('{"properties": {"a": {"type": "text"}}}'), ('{"properties": {"a": {"type": []}}}'),
  ('{"properties": {"a": {"type": ["string", "text"]}}}'), ('{"properties": {"a": {"type": ["string", 1]}}}'),
  ('{"properties": {"a": {"enum": "x"}}}'), ('{"properties": {"a": {"enum": []}}}'), ('{"properties": {"a": {"enum": [{}]}}}'),
  ('{"properties": {"a": {"enum": ["x", ["y"]]}}}'), ('{"properties": {"a": {"minimum": "0"}}}'), ('{"properties": {"a": {"minimum": null}}}'),
  ('{"properties": {"a": {"maximum": true}}}'), ('{"properties": {"a": {"maxLength": -1}}}'), ('{"properties": {"a": {"maxLength": 1.5}}}'),
  ('{"properties": {"a": {"maxLength": "1"}}}'), ('{"properties": {"a": {"maxLength": 1e12}}}'), ('{"properties": {"ok": {}, "b": {"type": "int"}}}');
select is_empty(
  $$select b.contract, o.outcome from bad as b
    cross join lateral tap.outcome(format('select telemetry.register_event_type(%L, %L)', 'demo.bad', b.contract)) as o (outcome)
    where o.outcome <> 'PT400 invalid_contract'$$,
  'a contract that cannot be used is refused'
);
create temporary table name (name text);
insert into name values (null), (''), ('demo'), ('Demo.thing'), ('demo.'), ('.demo'), ('demo..thing'), ('demo thing'), ('demo.thing-done'),
  ('1demo.thing'), ('demo.' || repeat('x', 96)), (e'demo.thing\n');
select is_empty(
  $$select n.name, o.outcome from name as n
    cross join lateral tap.outcome(format('select telemetry.register_event_type(%L, %L)', n.name, '{}')) as o (outcome)
    where o.outcome <> 'PT400 invalid_event_name'$$,
  'a name that is none is refused'
);
select is(tap.outcome($$select telemetry.register_event_type('demo.bad', '{}', 0)$$), 'PT400 invalid_event_name', 'versions count from 1');
select is(tap.outcome($$select telemetry.register_event_type('demo.bad', '{}', null)$$), 'PT400 invalid_event_name', 'a version is a number');
select is((select count(*) from telemetry.event_types where event_name like 'demo.%'), 2::bigint, 'nothing of that is stored');
reset role;
select is((select count(*) from telemetry.event_types where event_name !~ '^demo'), 11::bigint, 'beside the eleven types');

select * from finish();
