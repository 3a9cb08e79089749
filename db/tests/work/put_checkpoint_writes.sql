select no_plan();
set local role pylayer_agent;

create function pg_temp.put(p_writes text, p_values text, p_task text default 'a', p_path text default '', p_id text default '1') returns text language sql volatile as $$
  select tap.outcome(format('select work.put_checkpoint_writes(%L, %L, %L, %L, %L, %L, %L, %L, %L)', 't', '', p_id, p_task, p_path, p_writes, p_values, '[]', ''))
$$;
create function pg_temp.writes() returns jsonb language sql volatile as $$
  select l.checkpoints -> 0 -> 'writes' from work.list_checkpoints('t', '', '1') as l
$$;

select is(pg_temp.put('{"0": "c", "1": "d"}', '{"0": "t:YQ==", "1": "t:Yg=="}'), 'accepted', 'before the checkpoint');
select is(tap.put('t', '1'), 'accepted', 'the checkpoint');
select is(pg_temp.writes(), '[["a", "c", "t:YQ=="], ["a", "d", "t:Yg=="]]', 'both are there');
select is(pg_temp.put('{"0": "c", "2": "e"}', '{"0": "t:eA==", "2": "t:Yw=="}'), 'accepted', 'a repeat with another value');
select is(pg_temp.writes(), '[["a", "c", "t:YQ=="], ["a", "d", "t:Yg=="], ["a", "e", "t:Yw=="]]', 'the first stays, a new one is added');
select is(pg_temp.put('{"-1": "__error__"}', '{"-1": "t:YQ=="}'), 'accepted', 'an error');
select is(pg_temp.put('{"-1": "__error__"}', '{"-1": "t:Yg=="}'), 'accepted', 'another one');
select is(pg_temp.writes() -> 0, '["a", "__error__", "t:Yg=="]', 'the last one stays');
select is(pg_temp.put('{"0": "c"}', '{"0": "t:YQ=="}', p_task => 'b', p_path => '0'), 'accepted', 'a task whose path is greater');
select is(pg_temp.put('{"0": "c"}', '{"0": "t:YQ=="}', p_task => 'A'), 'accepted', 'one whose id is less');
select is(
  (select string_agg(w.entry ->> 0, '' order by w.nth) from jsonb_array_elements(pg_temp.writes()) with ordinality as w (entry, nth)),
  'Aaaaab', 'by path, task and number'
);
select ok(
  not work.put_checkpoint_writes('t', '', '1', 'z', '', '{"0": "c"}', '{"0": 0}', jsonb_build_array(jsonb_build_array(repeat('a', 64), 'text', null)), ''),
  'what is not sent and not there'
);

select is(pg_temp.put('{}', '{}', p_task => null), 'PT400 invalid_task', 'no task');
select is(pg_temp.put('{}', '{}', p_path => null), 'PT400 invalid_task', 'no path');
select is(pg_temp.put('{}', '{}', p_task => repeat('x', 501)), 'PT400 invalid_task', 'a long id');
select is(pg_temp.put('{}', '{}', p_path => repeat('x', 2001)), 'PT400 invalid_task', 'a long path');
select is(pg_temp.put('{}', '{}', p_id => null), 'PT400 invalid_checkpoint_id', 'no checkpoint');
select is(pg_temp.put(null, '{}'), 'PT400 invalid_writes', 'no writes');
select is(pg_temp.put('[]', '{}'), 'PT400 invalid_writes', 'an array');
select is(pg_temp.put('{"x": "c"}', '{"x": "t:"}'), 'PT400 invalid_writes', 'no number');
select is(pg_temp.put('{"-0": "c"}', '{"-0": "t:"}'), 'PT400 invalid_writes', 'minus zero');
select is(pg_temp.put('{"0": 1}', '{"0": "t:"}'), 'PT400 invalid_writes', 'no channel');
select is(pg_temp.put('{"0": "c"}', '{}'), 'PT400 invalid_writes', 'no value');
select is(pg_temp.put('{"0": "c"}', '{"0": 0}'), 'PT400 invalid_reference', 'no such blob');
select is(pg_temp.put('{"0": "c"}', '{"0": null}'), 'PT400 invalid_reference', 'the value of no parent');
set local role pylayer_analyst;
select is(pg_temp.put('{}', '{}'), '42501', 'an analyst stores none');
select * from finish();
