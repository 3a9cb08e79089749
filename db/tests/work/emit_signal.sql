select no_plan();

select work.start_execution('w', p_run_id => 'r');
select work.start_execution('w', p_run_id => 'q');
set local role pylayer_agent;
select is((select (s.signal_id, s.created)::text from work.emit_signal('r', 'go', '{"x": 1}', '01ARZ3NDEKTSV4RRFFQ69G5FAV') as s), '(01ARZ3NDEKTSV4RRFFQ69G5FAV,t)', 'sent');
select is((work.emit_signal('r', 'go', '{"x": 1}', '01ARZ3NDEKTSV4RRFFQ69G5FAV')).created, false, 'once');
select ok((work.emit_signal('r', 'go', null)).created, 'without anything');
select is(tap.outcome(format('select work.emit_signal(%s)', v.arguments)), v.outcome, v.arguments) from (values
  ('''r'', ''go'', ''{"x": 2}'', ''01ARZ3NDEKTSV4RRFFQ69G5FAV''', 'PT409 signal_exists'), ('''r'', ''no'', ''{"x": 1}'', ''01ARZ3NDEKTSV4RRFFQ69G5FAV''', 'PT409 signal_exists'),
  ('''q'', ''go'', ''{"x": 1}'', ''01ARZ3NDEKTSV4RRFFQ69G5FAV''', 'PT409 signal_exists'), ('''r'', ''go'', p_signal_id => ''x''', 'PT400 invalid_signal_id'),
  ('''none'', ''go''', 'PT404 no_run'), ('null, ''go''', 'PT404 no_run'), ('''r'', null', 'PT400 invalid_name'), ('''r'', '' ''', 'PT400 invalid_name'),
  ('''r'', ''go'', to_jsonb(repeat(''x'', 1048576))', 'PT413 value_limit')
) as v (arguments, outcome);
select work.cancel_execution('r');
select is(tap.outcome($$select work.emit_signal('r', 'go')$$), 'PT409 run_ended', 'ended');
select is((work.emit_signal('r', 'go', '{"x": 1}', '01ARZ3NDEKTSV4RRFFQ69G5FAV')).created, false, 'a repeat is no news');
reset role;
set local role pylayer_analyst;
select is(tap.outcome($$select work.emit_signal('q', 'go')$$), '42501', 'pylayer_analyst may not');
reset role;
set local role pylayer_auditor;
select is(tap.outcome($$select work.emit_signal('q', 'go')$$), '42501', 'pylayer_auditor may not');
reset role;

select * from finish();
