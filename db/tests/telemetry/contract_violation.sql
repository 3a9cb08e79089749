select no_plan();

-- The validator decides, the violation explains: they must agree on every payload.
create temporary table contract (name text primary key, contract jsonb);
insert into contract select t.event_name, t.contract from telemetry.event_types as t;
insert into contract values
  ('empty', '{}'),
  ('required only', '{"required": ["a"]}'),
  ('untyped', '{"required": ["a"], "properties": {"a": {}, "b": {"description": "anything"}}}'),
  ('odd names', '{"properties": {"a.b-c": {"type": "string"}, "_x": {"type": "null"}}, "required": ["_x"]}'),
  ('many types', '{"properties": {"a": {"type": ["integer", "array", "null"]}, "b": {"type": ["boolean", "object"]}}}'),
  ('mixed enum', '{"properties": {"a": {"enum": ["x", "quote \" ''", "é", null, true, 1.50]}, "b": {"type": "string", "enum": ["x"]}}}'),
  ('untyped bounds', '{"properties": {"a": {"minimum": -1, "maximum": 1.5}}, "required": ["a"]}'),
  ('bounds of one of two', '{"properties": {"a": {"type": ["number", "string"], "minimum": 0}, "b": {"type": "integer", "maximum": 9007199254740992}}}');

create temporary table value (value jsonb);
insert into value values
  ('null'), ('true'), ('false'), ('0'), ('1'), ('-1'), ('1.0'), ('1.5'), ('1.50001'), ('1e20'), ('9007199254740993'), ('""'), ('"x"'),
  ('"quote \" ''"'), ('"é"'), ('"1"'), ('"failed"'), ('"low"'), ('[]'), ('[1]'), ('["x"]'), ('["failed"]'), ('[[1]]'), ('{}'),
  ('{"a": 1}'), ('[null]');

-- A payload that fulfils each contract as far as a first value of each type and enum does, and all its changes by a key.
create temporary view good as
select c.name, c.contract, coalesce(
  (
    select jsonb_object_agg(r.key, coalesce(
      p.value -> 'enum' -> 0,
      case coalesce(p.value -> 'type' ->> 0, p.value ->> 'type')
        when 'string' then '"x"' when 'integer' then '1' when 'number' then '1' when 'boolean' then 'true'
        when 'array' then '[]' when 'object' then '{}' when 'null' then 'null' else '1'
      end::jsonb
    ))
    from jsonb_array_elements_text(c.contract -> 'required') as r (key)
    left join lateral (select c.contract -> 'properties' -> r.key as value) as p on true
  ), '{}'
) as payload
from contract as c;
create temporary view tried as
select g.name, g.contract, g.payload from good as g
union all
select g.name, g.contract, g.payload - k.key from good as g, jsonb_object_keys(g.payload) as k (key)
union all
select g.name, g.contract, g.payload || jsonb_build_object(k.key, v.value)
from good as g
cross join lateral (
  select p.key from jsonb_object_keys(coalesce(g.contract -> 'properties', '{}')) as p (key) union select 'unknown' union select 'a'
) as k
cross join value as v;

select is_empty(
  $$select t.name, t.payload, telemetry.contract_violation(t.contract, t.payload) from tried as t
    where ((t.payload @@ telemetry.contract_validator(t.contract)) is true)
      is distinct from (telemetry.contract_violation(t.contract, t.payload) is null)$$,
  'the validator and the words agree'
);
select cmp_ok((select count(*) from tried), '>', 1500::bigint, 'over many payloads');
select cmp_ok(
  (select count(*) from tried as t where telemetry.contract_violation(t.contract, t.payload) is null), '>', 200::bigint, 'some good'
);
select cmp_ok(
  (select count(*) from tried as t where telemetry.contract_violation(t.contract, t.payload) is not null), '>', 500::bigint, 'some bad'
);
select is_empty(
  'select g.name from good as g where telemetry.contract_violation(g.contract, g.payload) is not null', 'the good ones are good'
);

select is(telemetry.contract_violation('{"required": ["b", "a"]}', '{}'), 'a is missing', 'the first key by name');
select is(telemetry.contract_violation('{"properties": {"a": {"maxLength": 2}}}', '{"a": "éé"}'), null, 'maxLength counts characters');
select isnt(telemetry.contract_violation('{"properties": {"a": {"maxLength": 2}}}', '{"a": "ééé"}'), null, 'and is checked');
select is(telemetry.contract_violation('{"properties": {"a": {"maxLength": 2}}}', '{"a": 12345}'), null, 'of strings only');
select lives_ok(
  format('select telemetry.contract_violation(%L, %L)', '{"required": ["a"], "properties": {"a": {"maxLength": 2}}}', p.payload),
  'any payload may be asked about: ' || p.payload
)
from unnest(array['7', '"a"', 'null', '["a"]', '[{"a": "wxyz"}]']) as p (payload);

select * from finish();
