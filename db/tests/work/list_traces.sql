select no_plan();

select work.start_execution('w', p_run_id => 'r');
select work.record_traces('r', jsonb_build_array(
  '{"span_id": "b", "name": "n", "kind": "tool", "started_at": "2026-01-31T00:00:00Z", "ended_at": "2026-01-31T00:00:01Z"}'::jsonb,
  '{"span_id": "a", "name": "n", "kind": "llm", "started_at": "2026-01-31T00:00:02Z", "ended_at": "2026-01-31T00:00:03Z"}'::jsonb,
  '{"span_id": "c", "name": "n", "kind": "agent", "started_at": "2026-01-31T00:00:00Z", "ended_at": "2026-01-31T00:00:01Z"}'::jsonb
));
set local role pylayer_auditor;
select is(array(select t.span_id from work.list_traces('r') as t), array['b', 'c', 'a'], 'by their start');
select is(array(select t.span_id from work.list_traces('r', 1, 'b') as t), array['c'], 'a page');
select is(tap.outcome('select work.list_traces(''r'', p_after => ''none'')'), 'PT404 no_span', 'no such span');
select is(tap.outcome('select work.list_traces(''none'')'), 'PT404 no_run', 'no such run');
select is(tap.outcome('select work.list_traces(''r'', 0)'), 'PT400 invalid_limit', 'no limit');

select * from finish();
