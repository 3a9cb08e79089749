select no_plan();
update work.queues set retention_days = 40;
insert into work.queues (queue, retention_days) values ('short', 2);
set local role pylayer_analyst;
select is(work.tasks_kept_from(), now() - interval '2 days', 'the queue that keeps least decides');
set local role pylayer_agent;
select is(tap.outcome('select work.tasks_kept_from()'), '42501');
select * from finish();
