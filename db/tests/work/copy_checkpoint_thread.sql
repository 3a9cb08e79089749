select no_plan();
set local role pylayer_agent;
create temporary table made as
select concat(tap.put('t', '1', null, 'alpha'), tap.put('t', '2', '1', 'beta', '{"step": 1}'), tap.put('t', '3', null, null, '{}', 'sub'),
  work.put_checkpoint_writes('t', '', '2', 'a', '', '{"0": "c"}', '{"0": "t:YQ=="}', '[]', '')) as outcomes;
select is(work.copy_checkpoint_thread('t', 'u'), 3::bigint, 'all of it');
select is(tap.checkpoint_ids('u'), '2 1', 'its checkpoints');
select is(tap.checkpoint_ids('u', 'sub'), '3', 'in each namespace');
select is(
  (select (l.checkpoints -> 0) - 'cursor' - 'thread_id' from work.list_checkpoints('u', '', '2') as l),
  (select (l.checkpoints -> 0) - 'cursor' - 'thread_id' from work.list_checkpoints('t', '', '2') as l), 'as they were, with the writes'
);
select is(work.copy_checkpoint_thread('t', 'u'), 0::bigint, 'a repeat');
select is(work.copy_checkpoint_thread('t', 't'), 0::bigint, 'to itself');
select is(work.copy_checkpoint_thread('none', 'v'), 0::bigint, 'of none');
select is(work.copy_checkpoint_thread(null, 'v'), 0::bigint, 'of null');
select is(work.copy_checkpoint_thread('u', 'a'), 3::bigint, 'back in the order of ids');
select is((select count(*) from work.delete_checkpoint_threads('["t", "u"]')), 1::bigint, 'without the source');
select is((select convert_from(l.data, 'UTF8') from work.list_checkpoints('a') as l), 'alphabeta', 'its values are there');
select is(tap.outcome('select work.copy_checkpoint_thread(''a'', null)'), 'PT400 invalid_thread_id', 'no target');
reset role;
select is((select count(*) from work.checkpoint_blobs), 2::bigint, 'each value once');
set local role pylayer_analyst;
select is(tap.outcome('select work.copy_checkpoint_thread(''a'', ''b'')'), '42501', 'an analyst copies none');
select * from finish();
