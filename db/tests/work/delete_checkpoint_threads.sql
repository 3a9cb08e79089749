select no_plan();
set local role pylayer_agent;
create temporary table made as
select concat(tap.put('t', '1', null, 'alpha'), tap.put('t', '2', '1', 'own'), tap.put('t', '3', null, 'sub', '{}', 'sub'), tap.put('u', '1', null, 'alpha'),
  work.put_checkpoint_writes('t', '', '2', 'a', '', '{"0": "c"}', '{"0": "t:YQ=="}', '[]', '')) as outcomes;
select is((select d::text from work.delete_checkpoint_threads('["t", "none", "t"]') as d), '(3,2)', 'its checkpoints, and values that no other has');
select is(tap.checkpoint_ids('t'), '', 'nothing left');
select is(tap.checkpoint_ids('u'), '1', 'another one stays');
select is((select convert_from(l.data, 'UTF8') from work.list_checkpoints('u') as l), 'alpha', 'with its value');
select is((select d::text from work.delete_checkpoint_threads('["t"]') as d), '(0,0)', 'a repeat');
select is((select d::text from work.delete_checkpoint_threads('[]') as d), '(0,0)', 'none');
select is(tap.outcome('select work.delete_checkpoint_threads(null)'), 'PT400 invalid_thread_ids', 'no array');
select is(tap.outcome('select work.delete_checkpoint_threads(''"t"'')'), 'PT400 invalid_thread_ids', 'a text');
set local role pylayer_analyst;
select is(tap.outcome('select work.delete_checkpoint_threads(''["u"]'')'), '42501', 'an analyst removes none');
reset role;
select is((select count(*) from work.checkpoint_writes), 0::bigint, 'no writes');
select is((select count(*) from work.checkpoint_threads), 1::bigint, 'no thread');
select is((select count(*) from work.checkpoint_blobs), 1::bigint, 'no value');
select * from finish();
