select no_plan();

select tap.running('r');
select work.complete_step('r', 1, 'a');
select work.record_traces('r', jsonb_build_array('{"span_id": "s", "name": "n", "kind": "llm", "started_at": "2026-01-31T00:00:00Z",
  "ended_at": "2026-01-31T00:00:01Z", "input_tokens": 5, "output_tokens": 1, "cost_usd": 0.25}'::jsonb));
select work.complete_execution('r', 1);
set local role pylayer_analyst;
select row_eq(
  'select run_id, status, completed_steps, attempt, spans, input_tokens, output_tokens, cost_usd, duration_seconds >= 0 from work.v_runs',
  row('r'::text, 'completed'::text, 1, 1, 1::bigint, 5::numeric, 1::numeric, 0.25, true), 'v_runs'
);
set local role pylayer_agent;
select is(tap.outcome('select from work.v_runs'), '42501', 'agents read no view');

select * from finish();
