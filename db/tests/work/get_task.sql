select no_plan();
set local role pylayer_agent;
create temporary table made on commit drop as select * from work.enqueue_task('a', p_run_id => 'run-1');
select is((select t.run_id from made as e, work.get_task(e.execution_id) as t), 'run-1', 'a task');
select is(tap.outcome($$ select work.get_task('none') $$), 'PT404 no_task', 'none');
select is(tap.outcome('select work.get_task(null)'), 'PT404 no_task', 'null');
select * from finish();
