select no_plan();
set local role pylayer_agent;
select work.enqueue_task('a', p_scheduled_at => '2999-01-01');
select work.enqueue_task('b', p_max_retries => 0);
select work.enqueue_task('c', p_delay_seconds => 60);
set local role pylayer_owner;
update work.task_executions set scheduled_at = clock_timestamp() where task_name = 'a';
set local role pylayer_agent;
select results_eq('select due, expired from work.sweep_tasks()', 'values (1, 0)', 'what is due');
set local role pylayer_owner;
update work.task_executions set status = 'running', lease = gen_random_uuid(), started_at = now() - interval '9 s', lease_expires_at = now() - interval '1 s'
where status = 'ready';
set local role pylayer_agent;
select is(tap.outcome($$ select work.complete_task(t.execution_id, (select lease from work.task_executions)) from work.list_tasks('running') as t $$), '42501', 'leases are no agent''s to read');
select results_eq('select due, expired from work.sweep_tasks()', 'values (0, 2)', 'leases that have expired');
select results_eq('select task_name, status::text, error from work.list_tasks() where task_name <> ''c'' order by 1',
  $$ values ('a', 'scheduled', 'lease expired'), ('b', 'failed', 'lease expired') $$, 'tried again, or dead');
select results_eq('select due, expired from work.sweep_tasks()', 'values (0, 0)', 'nothing left');
select is(tap.outcome('select work.sweep_tasks(0)'), 'PT400 invalid_limit', 'a limit');
select * from finish();
