select no_plan();

select work.start_execution('w', p_run_id => 'r');
create function pg_temp.span(p_changes jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_array('{"span_id": "s", "name": "chat", "kind": "llm", "started_at": "2026-01-31T00:00:00Z", "ended_at": "2026-01-31T00:00:01Z"}'::jsonb || p_changes)
$$;
set local role pylayer_agent;
select is(work.record_traces('r', pg_temp.span('{"input_tokens": 5, "cost_usd": 0.001, "metadata": {"a": 1}}')), 1, 'stored');
select is(work.record_traces('r', pg_temp.span()), 0, 'once');
select is(work.record_traces('r', pg_temp.span('{"span_id": "t"}') || pg_temp.span('{"span_id": "t"}') || pg_temp.span('{"span_id": "u", "parent_span_id": "t"}')), 2, 'each once');
select is(work.record_traces('r', '[]'), 0, 'none');
select is(tap.outcome(format('select work.record_traces(''r'', %L)', v.spans)), v.outcome, left(v.spans::text, 60)) from (values
  (null, 'PT400 invalid_spans'), ('{}', 'PT400 invalid_spans'), ('[1]', 'PT400 invalid_spans'), ('[null]', 'PT400 invalid_spans'), ('[{}]', 'PT400 invalid_spans'),
  (pg_temp.span('{"span_id": "v", "kind": "x"}'), 'PT400 invalid_spans'), (pg_temp.span('{"span_id": "v", "name": ""}'), 'PT400 invalid_spans'),
  (pg_temp.span('{"span_id": "v", "status": "x"}'), 'PT400 invalid_spans'), (pg_temp.span('{"span_id": "v", "output_tokens": -1}'), 'PT400 invalid_spans'),
  (pg_temp.span('{"span_id": "v", "cost_usd": "NaN"}'), 'PT400 invalid_spans'), (pg_temp.span('{"span_id": "v", "ended_at": "infinity"}'), 'PT400 invalid_spans'),
  (pg_temp.span('{"span_id": "v", "ended_at": "2020-01-01T00:00:00Z"}'), 'PT400 invalid_spans'), (pg_temp.span(jsonb_build_object('span_id', repeat('x', 201))), 'PT400 invalid_spans'),
  (pg_temp.span('{"span_id": "v", "input_tokens": "many"}'), '22P02'), (pg_temp.span('{"span_id": "v", "started_at": "then"}'), '22007'),
  (pg_temp.span(jsonb_build_object('span_id', 'v', 'name', repeat('x', 1048576))), 'PT413 value_limit')
) as v (spans, outcome);
select is(tap.outcome('select work.record_traces(''none'', ''[]'')'), 'PT404 no_run', 'no such run');
reset role;
select is(tap.outcome('update work.execution_traces set name = ''x'''), 'PT403 append_only', 'append-only');
set local role pylayer_analyst;
select is(tap.outcome($$select work.record_traces('r', '[]')$$), '42501', 'pylayer_analyst may not');
reset role;
set local role pylayer_auditor;
select is(tap.outcome($$select work.record_traces('r', '[]')$$), '42501', 'pylayer_auditor may not');
reset role;

select * from finish();
