-- telemetry.is_storable decides, telemetry.refusal_reason explains: they must agree on every event.
select no_plan();

create temporary table good as
select tap.event() as doc
union all select tap.event(jsonb_build_object('event_name', 'workflow.step_completed', 'payload', p.doc))
from (values ('{"step_name": "s", "status": "failed", "duration_ms": 0.5}'::jsonb)) as p (doc);

select telemetry.register_event_type('test.short', '{"required": ["a"], "properties": {"a": {"type": "string", "maxLength": 3}}}');
insert into good values (tap.event('{"event_name": "test.short", "payload": {"a": "abc"}}'));

create temporary table value as
select v.value from jsonb_array_elements(
  '["", "x", 1, 1.5, true, null, [], [null], ["workflow.step_completed"], {}, {"a": "abcd"}, {"a": "abc"}, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ",
    "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "00000000000000000000000000", "01KYX9XP0000000000000000O0", 12345678901234567890123456,
    "workflow.step_completed", "test.short", "now", "2026-01-01", "infinity", "2026-13-01", "2026-01-01T00:00:00Z", "1"]'
) as v (value)
union all select to_jsonb(core.new_ulid())
union all select to_jsonb(lower(core.new_ulid()))
union all select to_jsonb(core.new_ulid(now() + interval '1 hour'))
union all select to_jsonb(core.new_ulid(now() - interval '1 year'))
union all select to_jsonb(now())
union all select to_jsonb((now() - interval '2 days')::text)
union all select to_jsonb(repeat('é', 500))
union all select to_jsonb(repeat('é', 501))
union all select to_jsonb(repeat('x', 2000000));

create temporary table tried (doc jsonb storage external);  -- compressed, the large ones would be small
insert into tried
select doc from good
union all select value from value
union all
select case when v.value = '"x"' then g.doc - k.key else g.doc || jsonb_build_object(k.key, v.value) end
from good as g
cross join value as v
cross join unnest(array[
  'event_id', 'event_version', 'event_name', 'ts', 'run_id', 'item_id', 'workflow_name', 'agent_role', 'payload', 'project_id',
  'metadata', 'other'
]) as k (key);

create temporary table judged as
select t.doc, c.reason as short, r.reason as long, r.detail
from core.settings as s
cross join (select doc from tried offset 0) as t
cross join lateral telemetry.check_events(
  jsonb_build_array(t.doc), s.retention_floor, now() + s.max_clock_ahead, s.max_ts_skew, s.max_event_bytes
) as c
cross join lateral telemetry.refusal_reason(
  t.doc, s.retention_floor, now() + s.max_clock_ahead, s.max_ts_skew, s.max_event_bytes
) as r;

select is_empty('select left(j.doc::text, 300), j.short, j.long from judged as j where j.short is distinct from j.long', 'one verdict');
select cmp_ok((select count(*) from judged where short is null), '>', 50::bigint, 'some are good');
select cmp_ok((select count(distinct short) from judged), '=', 13::bigint, 'every reason occurs');
select is_empty(
  'select j.short from judged as j left join lateral telemetry.refusal(j.short) as r on true where j.short is not null and r.code is null',
  'each has a code'
);

select * from finish();
