select no_plan();
set local role pylayer_agent;
create function pg_temp.write(p_id text, p_task text, p_path text, p_channel text, p_value text) returns boolean language sql volatile as $$
  select work.put_checkpoint_writes('t', '', p_id, p_task, p_path, jsonb_build_object('0', p_channel), jsonb_build_object('0', p_value), '[]', '')
$$;
create function pg_temp.history(p_id text, p_channels text default '["c", "d"]') returns jsonb language sql volatile as $$
  select h.channels from work.delta_channel_history('t', '', p_id, p_channels::jsonb) as h
$$;
create temporary table made as
select concat(tap.put('t', '1', null, 'seed'), tap.put('t', '2', '1'), tap.put('t', '2x', '1'), tap.put('t', '3', '2'), tap.put('t', '4', '3'),
  pg_temp.write('1', 'b', '1', 'c', 't:Mg=='), pg_temp.write('1', 'a', '2', 'c', 't:Mw=='), pg_temp.write('1', 'z', '', 'd', 't:MQ=='),
  pg_temp.write('2', 'a', '', 'c', 't:NA=='), pg_temp.write('2x', 'a', '', 'c', 't:NQ=='), pg_temp.write('4', 'a', '', 'c', 't:Ng==')) as outcomes;

select is(pg_temp.history('4') -> 'c' -> 'writes', '[["b", "t:Mg=="], ["a", "t:Mw=="], ["a", "t:NA=="]]', 'of ancestors, oldest first, by path; not its own');
select ok(pg_temp.history('4') -> 'c' ? 'seed', 'from where there was a value');
select is(pg_temp.history('4') -> 'd', '{"writes": [["z", "t:MQ=="]]}', 'from the root where there was none');
select is(pg_temp.history(null), pg_temp.history('4'), 'the latest');
select is(pg_temp.history('2x') -> 'c' -> 'writes', '[["b", "t:Mg=="], ["a", "t:Mw=="]]', 'of a branch only its own ancestors');
select is(pg_temp.history('1'), '{"c": {"writes": []}, "d": {"writes": []}}', 'of the root nothing');
select is(pg_temp.history('none'), '{}', 'of none nothing');
select is(pg_temp.history('4', '[]'), '{}', 'of no channel nothing');
select is((select convert_from(h.data, 'UTF8') from work.delta_channel_history('t', '', '4', '["c"]') as h), 'seed', 'with the bytes');
select is((select h.channels from work.delta_channel_history('none', '', null, '["c"]') as h), '{}', 'of no thread nothing');
select is(tap.outcome('select work.delta_channel_history(''t'', '''', null, null)'), 'PT400 invalid_channels', 'no channels');
select is(tap.outcome('select work.delta_channel_history(''t'', '''', null, ''{}'')'), 'PT400 invalid_channels', 'an object');

-- A thread whose parents go in a circle ends.
create temporary table circle as select concat(tap.put('c', '1', '2'), tap.put('c', '2', '1')) as outcomes;
set local statement_timeout = '60s';
select is((select h.channels from work.delta_channel_history('c', '', '2', '["c"]') as h), '{"c": {"writes": []}}', 'parents in a circle');
select * from finish();
