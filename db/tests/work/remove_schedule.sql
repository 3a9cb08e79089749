select no_plan();
select work.set_schedule('s', '0 3 * * *', '{"task_name": "a"}', '2030-01-01Z');
set local role pylayer_admin;
select is(work.remove_schedule('s'), true, 'removed');
select is(work.remove_schedule('s'), false, 'again');
set local role pylayer_agent;
select is(tap.outcome($$ select work.remove_schedule('s') $$), '42501', 'not by agents');
select * from finish();
