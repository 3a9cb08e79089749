select no_plan();
select work.set_queue('a');
set local role pylayer_agent;
select results_eq('select queue from work.list_queues()', array['a', 'default'], 'by name');
select * from finish();
