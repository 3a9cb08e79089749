select no_plan();
select work.enqueue_tasks('[{"task_name": "a", "input_data": [1]}, {"task_name": "b"}, {"task_name": "c"}]');
select work.complete_tasks(jsonb_agg(jsonb_build_object('execution_id', c.execution_id, 'lease', c.lease, 'output_data', 2)))
from work.claim_tasks('w', p_n => 2) as c;
update work.task_executions set finished_at = now() + interval '2 hours' - interval '1 microsecond' where task_name = 'a';
update work.task_executions set finished_at = now() + interval '2 hours' where task_name = 'b';
set local role pylayer_analyst;
select results_eq(
  $$select task_name, status, input_data, output_data from work.training_agent_tasks(now(), now() + interval '2 hours')$$,
  $$values ('a', 'completed', '[1]'::jsonb, '2'::jsonb)$$, 'of the range alone, those that have ended'
);
select is((select count(*) from work.training_agent_tasks('2026-01-01Z', '2100-01-01Z')), 2::bigint, 'c has not');
set local role pylayer_agent;
select is(tap.outcome($$select work.training_agent_tasks('2026-01-31Z', '2026-02-01Z')$$), '42501');
select * from finish();
