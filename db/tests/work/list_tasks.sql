select no_plan();
set local role pylayer_agent;
select work.enqueue_tasks('[{"task_name": "a", "run_id": "r"}, {"task_name": "b", "queue": "q"}, {"task_name": "c", "delay_seconds": 9}]');
select results_eq('select task_name from work.list_tasks()', array['c', 'b', 'a'], 'newest first');
select results_eq('select task_name from work.list_tasks(p_limit => 1)', array['c'], 'a page');
select results_eq(
  $$ select t.task_name from work.list_tasks(p_after => (select execution_id from work.list_tasks(p_limit => 1))) as t $$, array['b', 'a'], 'the next'
);
select results_eq($$ select task_name from work.list_tasks('scheduled') $$, array['c'], 'by status');
select results_eq($$ select task_name from work.list_tasks(p_queue => 'q') $$, array['b'], 'by queue');
select results_eq($$ select task_name from work.list_tasks(p_run_id => 'r') $$, array['a'], 'by run');
select results_eq($$ select task_name from work.list_tasks(p_task_name => 'a') $$, array['a'], 'by name');
select is(tap.outcome('select work.list_tasks(p_limit => 1001)'), 'PT400 invalid_limit', 'a limit');
select is(tap.outcome($$ select work.list_tasks('lost') $$), '22P02', 'a status that is none');
select * from finish();
