select no_plan();
set local role pylayer_agent;
-- Root: 1 to 5; a delta channel d with its value at 2. A subgraph's calls started from 3 and 5, another's root is not stored.
create temporary table made as
select concat(tap.put('t', '1', null, 'one'), tap.put('t', '2', '1', 'two'), tap.put('t', '3', '2', 'three'), tap.put('t', '4', '3', 'three'), tap.put('t', '5', '4', 'five'),
  tap.put('t', 's1', null, 'sub', '{"parents": {"": "3"}}', 'n:1'), tap.put('t', 's2', null, null, '{"parents": {"": "5"}}', 'n:2'),
  tap.put('t', 's3', null, null, '{"parents": {"": "9"}}', 'n:3'), tap.put('t', 's4', null, null, '{"parents": {"": "3"}}', 'n'),
  work.put_checkpoint_writes('t', '', '1', 'a', '', '{"0": "c"}', '{"0": "t:YQ=="}', '[]', ''),
  work.put_checkpoint_writes('t', '', '5', 'a', '', '{"0": "c"}', '{"0": "t:YQ=="}', '[]', '')) as outcomes;
select is((select p::text from work.prune_checkpoints('["t"]', 2) as p), '(4,3)', 'all but the last two');
select is(tap.checkpoint_ids('t'), '5 4', 'the last two');
select is((select p::text from work.prune_checkpoints('["t", "none"]') as p), '(1,1)', 'all but the last one');
select is(tap.checkpoint_ids('t'), '5', 'the last one');
select is(tap.checkpoint_ids('t', 'n:1'), '', 'a call goes with what it started from');
select is(tap.checkpoint_ids('t', 'n:2'), 's2', 'and stays with it');
select is(tap.checkpoint_ids('t', 'n:3'), 's3', 'or when that is not stored');
select is(tap.checkpoint_ids('t', 'n'), 's4', 'a subgraph with a state of its own stays');
select is((select l.checkpoints -> 0 -> 'parent_checkpoint_id' from work.list_checkpoints('t', '', '5') as l), 'null', 'it has no parent');
select is((select jsonb_array_length(l.checkpoints -> 0 -> 'writes') from work.list_checkpoints('t', '', '5') as l), 1, 'its writes stay');
select is((select p::text from work.prune_checkpoints('["t"]') as p), '(0,0)', 'a repeat');
select is((select p::text from work.prune_checkpoints('[]') as p), '(0,0)', 'none');

-- What only stores changes needs its ancestors back to the one with the value.
create temporary table delta as
select concat(tap.put('d', '1', null, 'one'), tap.put('d', '2', '1', 'two'), tap.put('d', '2x', '1', 'x'), tap.put('d', '3', '2'),
  tap.put('d', '4', '3', null, '{"counters_since_delta_snapshot": {"c": [1, 2]}}')) as outcomes;
select is((select p.checkpoints from work.prune_checkpoints('["d"]') as p), 2::bigint, 'what is not on the way');
select is(tap.checkpoint_ids('d'), '4 3 2', 'the way is kept');
select is((select h.channels -> 'c' ? 'seed' from work.delta_channel_history('d', '', '4', '["c"]') as h), true, 'and the value');
select is(tap.put('d', '5', '4', 'five', '{"counters_since_delta_snapshot": {"x": [1, 2]}}'), 'accepted', 'another channel');
select is((select p.checkpoints from work.prune_checkpoints('["d"]') as p), 0::bigint, 'without a value: all the way to the root');
select is(tap.put('d', '6', '5', 'six', '{"counters_since_delta_snapshot": 1}'), 'accepted', 'counters that are none');
select is((select p.checkpoints from work.prune_checkpoints('["d"]') as p), 4::bigint, 'nothing is needed');

create temporary table circle as
select concat(tap.put('c', '1', '2', null), tap.put('c', '2', '1', null, '{"counters_since_delta_snapshot": {"c": [1, 2]}}')) as outcomes;
select is((select p.checkpoints from work.prune_checkpoints('["c"]') as p), 0::bigint, 'parents in a circle');

select is(tap.outcome('select work.prune_checkpoints(null)'), 'PT400 invalid_thread_ids', 'no array');
select is(tap.outcome('select work.prune_checkpoints(''[]'', 0)'), 'PT400 invalid_limit', 'keep none');
select is(tap.outcome('select work.prune_checkpoints(''[]'', null)'), 'PT400 invalid_limit', 'keep null');
reset role;
select is((select count(*) from work.checkpoint_writes), 1::bigint, 'writes go with their checkpoint');
set local role pylayer_analyst;
select is(tap.outcome('select work.prune_checkpoints(''["t"]'')'), '42501', 'an analyst removes none');
select * from finish();
