select no_plan();
select work.set_schedule('later', '0 3 * * *', '{"task_name": "a"}', '2999-01-01Z');
select work.set_schedule('now', '0 3 * * *', '{"task_name": "a"}', '2020-01-01Z');
set local role pylayer_agent;
select results_eq('select schedule from work.list_schedules()', array['now', 'later'], 'by time');
select results_eq('select schedule from work.list_schedules(true)', array['now'], 'those due');
select * from finish();
