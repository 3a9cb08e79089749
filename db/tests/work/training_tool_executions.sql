select no_plan();
select tap.running('r');
select work.record_traces('r', jsonb_agg(jsonb_build_object(
  'span_id', k.kind, 'name', 'n', 'kind', k.kind, 'input_ref', 'artifact:a/1', 'started_at', '2026-01-31T00:00:00Z',
  'ended_at', '2026-01-31T00:00:01.5Z'
)))
from unnest(array['tool', 'llm']) as k (kind);
set local role pylayer_analyst;
select results_eq(
  $$select run_id, span_id, input_ref, duration_ms from work.training_tool_executions(now() - interval '1 hour', 'infinity')$$,
  $$values ('r', 'tool', 'artifact:a/1', 1500.000)$$, 'tools alone, by when they were recorded'
);
select is_empty($$select from work.training_tool_executions('2026-01-01Z', '2026-02-01Z')$$, 'not by when they ran');
set local role pylayer_agent;
select is(tap.outcome($$select work.training_tool_executions('2026-01-31Z', '2026-02-01Z')$$), '42501');
select * from finish();
