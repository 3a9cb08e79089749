select no_plan();
set local role pylayer_agent;
select work.enqueue_tasks('[{"task_name": "old"}, {"task_name": "young"}, {"task_name": "urgent", "priority": 0}, {"task_name": "other", "queue": "b"},
  {"task_name": "later", "delay_seconds": 60}]');

select results_eq(
  $$ select task_name, retry_count, lease is not null, lease_expires_at - started_at from work.claim_tasks('w', '{b, default}', 3) $$,
  $$ values ('urgent', 0, true, interval '60 s'), ('other', 0, true, '60 s'), ('old', 0, true, '60 s') $$, 'priority, queue, age'
);
select results_eq($$ select task_name from work.claim_tasks('w', p_n => 9, p_lease_seconds => 5) $$, $$ values ('young') $$, 'the rest, none twice, none early');
select is_empty($$ select from work.claim_tasks('w', p_n => 9) $$, 'nothing left');
select is_empty($$ select from work.claim_tasks('w', '{unknown}') $$, 'an unknown queue');
select is(
  (select c.lease_expires_at - c.started_at
   from work.enqueue_task('short', p_timeout_seconds => 2) as e, lateral (select * from work.claim_tasks('w') where e.created) as c),
  interval '2 s', 'no longer than its timeout'
);
select is(tap.outcome('select work.claim_tasks(null)'), 'PT400 invalid_worker', 'no worker');
select is(tap.outcome($$ select work.claim_tasks('') $$), 'PT400 invalid_worker', 'an empty name');
select is(tap.outcome($$ select work.claim_tasks('w', null) $$), 'PT400 invalid_queues', 'no queues');
select is(tap.outcome($$ select work.claim_tasks('w', '{}') $$), 'PT400 invalid_queues', 'an empty list');
select is(tap.outcome($$ select work.claim_tasks('w', p_n => 0) $$), 'PT400 invalid_limit', 'none');
select is(tap.outcome($$ select work.claim_tasks('w', p_n => null) $$), 'PT400 invalid_limit', 'null');
select is(tap.outcome($$ select work.claim_tasks('w', p_lease_seconds => 3601) $$), 'PT400 invalid_lease', 'a long lease');
select * from finish();
