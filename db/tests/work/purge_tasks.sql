select no_plan();
select work.enqueue_tasks('[{"task_name": "old"}, {"task_name": "young"}, {"task_name": "dead"}, {"task_name": "waits"}]');
set local role pylayer_owner;
update work.task_executions
set execution_id = core.new_ulid(now() - interval '40 days'), finished_at = case when task_name <> 'waits' then now() - interval '31 days' end,
  status = case task_name when 'dead' then 'failed' when 'waits' then 'ready' else 'completed' end::work.task_status
where task_name <> 'young';
update work.task_executions set status = 'completed', finished_at = now() where task_name = 'young';
set local role pylayer_admin;
select is(work.purge_tasks(), 1, 'completed long ago');
select results_eq('select task_name from work.list_tasks() order by 1', array['dead', 'waits', 'young'], 'all others stay');
select is(work.purge_tasks(), 0, 'again');
select is(tap.outcome('select work.purge_tasks(0)'), 'PT400 invalid_limit', 'a limit');
set local role pylayer_agent;
select is(tap.outcome('select work.purge_tasks()'), '42501', 'not by agents');
select * from finish();
