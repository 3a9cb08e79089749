select no_plan();
set local role pylayer_agent;
select lives_ok($$ select work.notify_tasks('default') $$, 'a queue');
select is(tap.outcome('select work.notify_tasks(null)'), 'PT400 invalid_queue', 'none');
select * from finish();
