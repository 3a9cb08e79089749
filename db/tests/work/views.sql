select no_plan();

select tap.running('r');
select work.complete_step('r', 1, 'a');
select work.record_traces('r', jsonb_build_array('{"span_id": "s", "name": "n", "kind": "llm", "started_at": "2026-01-31T00:00:00Z",
  "ended_at": "2026-01-31T00:00:01Z", "input_tokens": 5, "output_tokens": 1, "cost_usd": 0.25}'::jsonb));
select work.complete_execution('r', 1);
select work.create_item('task', 'x', p_item_id => 'T');
select work.create_item('task', 'y', p_item_id => 'D');
select work.create_item('task', 'z', p_item_id => 'Z');
select work.add_dependency('T', 'D');
select work.delete_item('Z');
select work.enqueue_tasks('[{"task_name": "a"}, {"task_name": "a"}, {"task_name": "b", "queue": "q", "delay_seconds": 9},
  {"task_name": "c", "queue": "q", "concurrency_key": "k"}, {"task_name": "d", "queue": "q", "concurrency_key": "k"}]');
select execution_id from work.claim_tasks('w');
set local role pylayer_analyst;
select row_eq(
  'select run_id, status, completed_steps, attempt, spans, input_tokens, output_tokens, cost_usd, duration_seconds >= 0 from work.v_runs',
  row('r'::text, 'completed'::text, 1, 1, 1::bigint, 5::numeric, 1::numeric, 0.25, true), 'v_runs'
);
select results_eq(
  'select item_id, state, open_dependencies, assigned_user is null, seconds_in_state >= 0 from work.v_items order by item_id',
  $$values ('D' collate "C", 'backlog' collate "C", 0::bigint, true, true), ('T', 'backlog', 1, true, true)$$, 'v_items'
);
select results_eq(
  'select queue, ready, scheduled, blocked, running, dead, oldest_ready_seconds >= 0 from work.v_queues order by queue',
  $$values ('default', 1::bigint, 0::bigint, 0::bigint, 1::bigint, 0::bigint, true), ('q', 1, 1, 1, 0, 0, true)$$, 'v_queues'
);
set local role pylayer_agent;
select is(tap.outcome('select from work.v_queues'), '42501', 'agents read no view');
select is(tap.outcome('select from work.v_runs'), '42501', 'agents read no view');

select * from finish();
