select no_plan();
set local role pylayer_agent;
create temporary table made as
select concat(tap.put('t', '1', null, 'one', '{"run_id": "r"}'), tap.put('t', '2', '1', 'two', '{"run_id": "s"}'), tap.put('t', '3', '2', 'two', '{}'),
  tap.put('t', '4', null, null, '{"run_id": "r"}', 'sub'), tap.put('u', '1', null, null, '{"run_id": "r"}')) as outcomes;
select is((select d::text from work.delete_checkpoints_of_runs('["r", "none"]') as d), '(3,1)', 'in all threads and namespaces');
select is(tap.checkpoint_ids('t'), '3 2', 'others stay');
select is((select l.checkpoints -> 0 -> 'parent_checkpoint_id' from work.list_checkpoints('t', '', '2') as l), 'null', 'a child has no parent any more');
select is((select l.checkpoints -> 0 -> 'parent_checkpoint_id' from work.list_checkpoints('t', '', '3') as l), '"2"', 'another one has');
select is((select d::text from work.delete_checkpoints_of_runs('["r"]') as d), '(0,0)', 'a repeat');
select is((select d::text from work.delete_checkpoints_of_runs('[]') as d), '(0,0)', 'none');
select is(tap.outcome('select work.delete_checkpoints_of_runs(null)'), 'PT400 invalid_run_ids', 'no array');
set local role pylayer_analyst;
select is(tap.outcome('select work.delete_checkpoints_of_runs(''["s"]'')'), '42501', 'an analyst removes none');
select * from finish();
