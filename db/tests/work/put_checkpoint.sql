select no_plan();
set local role pylayer_agent;

-- A call whose arguments are changed.
create function pg_temp.put(p_changes jsonb default '{}') returns text language sql volatile as $$
  select tap.outcome(format(
    'select work.put_checkpoint(%L, %L, %L, %L, %L, %L, %L, %L, %L)',
    a ->> 'thread', a ->> 'ns', a ->> 'id', a ->> 'parent', a ->> 'checkpoint', a ->> 'metadata', a ->> 'values', a ->> 'blobs', a ->> 'data'
  ))
  from (select '{"thread": "t", "ns": "", "id": "1", "checkpoint": {}, "metadata": {}, "values": {}, "blobs": [], "data": ""}'::jsonb || p_changes as a) as g
$$;
create function pg_temp.stored(p_values jsonb, p_parent text, p_blobs jsonb, p_data text, p_id text default '2', p_version int default 1) returns boolean language sql volatile as $$
  select work.put_checkpoint('t', '', p_id, p_parent, jsonb_build_object('channel_versions', jsonb_build_object('c', p_version)), '{}', p_values, p_blobs, convert_to(p_data, 'UTF8'))
$$;
create temporary table hash as select encode(sha256('alpha'), 'hex') as alpha, encode(sha256('beta'), 'hex') as beta;

select ok(pg_temp.stored('{"c": 0}', null, jsonb_build_array(jsonb_build_array(alpha, 'text', 5)), 'alpha', '1'), 'a blob is sent') from hash;
select ok(pg_temp.stored('{"c": 0}', null, jsonb_build_array(jsonb_build_array(alpha, 'text', 5)), 'alpha', '1'), 'a repeat') from hash;
select ok(pg_temp.stored('{"c": 0}', '1', jsonb_build_array(jsonb_build_array(alpha, 'text', null)), ''), 'a known one is not sent') from hash;
select ok(not pg_temp.stored('{"c": 0}', '1', jsonb_build_array(jsonb_build_array(beta, 'text', null)), '', '3'), 'an unknown one has to be sent') from hash;
select ok(not pg_temp.stored('{"c": 0}', '1', jsonb_build_array(jsonb_build_array(alpha, 'other', null)), '', '3'), 'so has one of another type') from hash;
select ok(pg_temp.stored('{"c": null}', '1', '[]', '', '3'), 'the value of the parent');
select ok(not pg_temp.stored('{"c": null}', '1', '[]', '', '4', 2), 'not when the version is another');
select ok(not pg_temp.stored('{"c": null}', 'none', '[]', '', '4'), 'nor when there is no such parent');
select ok(not pg_temp.stored('{"d": null}', '1', '[]', '', '4'), 'nor when the parent has no such value');
select ok(pg_temp.stored('{"c": [0, "text:YQ==", 1, 0]}', '1', jsonb_build_array(jsonb_build_array(alpha, 'text', null), jsonb_build_array(beta, 'text', 4)), 'beta', '4'), 'segments, small ones in place') from hash;
select ok(pg_temp.stored('{}', '4', '[]', '', '5'), 'no value at all');
select ok(pg_temp.stored('{"c": []}', '4', '[]', '', '6'), 'no segments');
select is(tap.checkpoint_ids('t'), '6 5 4 3 2 1', 'what was refused is not there');
reset role;
select is((select count(*) from work.checkpoint_blobs), 2::bigint, 'each blob once');
select is((select array_agg(convert_from(b.data, 'UTF8') order by b.blob_id) from work.checkpoint_blobs as b), '{alpha,beta}', 'their bytes');
set local role pylayer_agent;

select is(pg_temp.put('{"thread": null}'), 'PT400 invalid_thread_id', 'no thread');
select is(pg_temp.put('{"thread": ""}'), 'PT400 invalid_thread_id', 'an empty one');
select is(pg_temp.put(jsonb_build_object('thread', repeat('x', 1001))), 'PT400 invalid_thread_id', 'a long one');
select is(pg_temp.put(jsonb_build_object('thread', repeat('ä', 500))), 'accepted', 'just fits');
select is(pg_temp.put('{"ns": null}'), 'PT400 invalid_checkpoint_ns', 'no namespace');
select is(pg_temp.put(jsonb_build_object('ns', repeat('x', 1001))), 'PT400 invalid_checkpoint_ns', 'a long one');
select is(pg_temp.put('{"id": null}'), 'PT400 invalid_checkpoint_id', 'no id');
select is(pg_temp.put('{"id": ""}'), 'PT400 invalid_checkpoint_id', 'an empty one');
select is(pg_temp.put(jsonb_build_object('id', repeat('x', 501))), 'PT400 invalid_checkpoint_id', 'a long one');
select is(pg_temp.put(jsonb_build_object('parent', repeat('x', 501))), 'PT400 invalid_checkpoint', 'a long parent');
select is(pg_temp.put('{"checkpoint": null}'), 'PT400 invalid_checkpoint', 'no checkpoint');
select is(pg_temp.put('{"checkpoint": []}'), 'PT400 invalid_checkpoint', 'an array');
select is(pg_temp.put('{"metadata": null}'), 'PT400 invalid_checkpoint', 'no metadata');
select is(pg_temp.put('{"values": null}'), 'PT400 invalid_reference', 'no values');
select is(pg_temp.put('{"values": []}'), 'PT400 invalid_reference', 'an array');
select is(pg_temp.put('{"values": {"c": 0}}'), 'PT400 invalid_reference', 'no such blob');
select is(pg_temp.put('{"values": {"c": -1}}'), 'PT400 invalid_reference', 'a negative place');
select is(pg_temp.put('{"values": {"c": 0.5}}'), 'PT400 invalid_reference', 'half a place');
select is(pg_temp.put('{"values": {"c": 1e300}}'), 'PT400 invalid_reference', 'a huge place');
select is(pg_temp.put('{"values": {"c": [0]}}'), 'PT400 invalid_reference', 'no such segment');
select is(pg_temp.put('{"values": {"c": [null]}}'), 'PT400 invalid_reference', 'a segment of the parent');
select is(pg_temp.put('{"values": {"c": [[0]]}}'), 'PT400 invalid_reference', 'segments in segments');
select is(pg_temp.put('{"values": {"c": {}}}'), 'PT400 invalid_reference', 'an object');
select is(pg_temp.put('{"values": {"c": true}}'), 'PT400 invalid_reference', 'true');
select is(pg_temp.put(jsonb_build_object('blobs', b.blobs::jsonb, 'data', '\x61')), 'PT400 invalid_blobs', b.blobs)
from (values
  ('{}'), ('[1]'), ('[[]]'), ('[["a", "t", 1]]'), (format('[["%s", "t", 2]]', repeat('a', 64))), (format('[["%s", "t", -1]]', repeat('a', 64))),
  (format('[["%s", "", 1]]', repeat('a', 64))), (format('[["%s", null, 1]]', repeat('a', 64))), ('[]'), (format('[["%s", "t", 1.0]]', repeat('a', 64))),
  (format('[["%s", "t", 99999999999]]', repeat('a', 64))), (format('[["%s", "t", {}]]', repeat('a', 64)))
) as b (blobs);
select is(pg_temp.put('{"blobs": null}'), 'PT400 invalid_blobs', 'no blobs');
select is(pg_temp.put('{"data": null}'), 'PT400 invalid_blobs', 'no data');
select is(pg_temp.put(jsonb_build_object('blobs', jsonb_build_array(jsonb_build_array(alpha, 'text', 1)), 'data', '\x61')), 'PT409 hash_mismatch', 'bytes of another hash')
from hash;

set local role pylayer_analyst;
select is(pg_temp.put(), '42501', 'an analyst stores none');
select * from finish();
