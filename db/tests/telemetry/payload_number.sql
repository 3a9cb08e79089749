select no_plan();
set local role pylayer_analyst;

select is(telemetry.payload_number('{"a": 1.5}', 'a'), 1.5, 'a number');
select is(telemetry.payload_number('{"a": 9007199254740992}', 'a'), 9007199254740992::numeric, 'a large one');
select is(telemetry.payload_number('{"a": "1"}', 'a'), null, 'a text');
select is(telemetry.payload_number('{"a": null}', 'a'), null, 'null');
select is(telemetry.payload_number('{"a": [1]}', 'a'), null, 'an array');
select is(telemetry.payload_number('{}', 'a'), null, 'no key');
select is(telemetry.payload_number(null, 'a'), null, 'no payload');

set local role pylayer_agent;
select is(tap.outcome('select telemetry.payload_number(''{}'', ''a'')'), '42501', 'others do not');

select * from finish();
