select no_plan();

select tap.running('r');
set local role pylayer_agent;
select work.emit_signal('r', 'go', '1');
select work.emit_signal('r', 'go', '2');
select work.emit_signal('r', 'other', '3');
select is((select (s.status, s.output)::text from work.await_event('r', 1, 'w', 'go') as s), '(completed,1)', 'sent before: the first of them');
select is((work.await_event('r', 1, 'w', 'go')).output, '1', 'the same step, the same event');
select is((work.await_event('r', 1, 'w2', 'go')).output, '2', 'the next step, the next event');
select is((work.await_event('r', 1, 'none', 'x', 0)).status, 'completed', 'no time to wait');
select is((work.await_event('r', 1, 'w3', 'go', 3600)).status, 'waiting', 'none is left');
select is((work.await_event('r', 1, 'w3', 'go', 3600)).status, 'waiting', 'said twice');
select is((select (e.status, e.worker, e.waiting_for)::text from work.get_execution('r') as e), '(waiting,,go)', 'what it waits for');
select is(tap.outcome($$select work.claim_execution('r', 'me')$$), 'PT409 not_due', 'no claim before');
select work.emit_signal('r', 'else');
select is(tap.outcome($$select work.claim_execution('r', 'me')$$), 'PT409 not_due', 'nor for another event');
select work.emit_signal('r', 'go', '4');
select is((work.claim_execution('r', 'me')).attempt, 2, 'but for this one');
select is((work.await_event('r', 2, 'w3', 'go', 3600)).output, '4', 'received');
select is((work.await_event('r', 2, 'ever', 'never')).wakes_at, null, 'for ever');
select is((work.get_execution('r')).due_at, null, 'never by the clock');
select is(tap.outcome($$select work.await_event('r', 2, 'x', 'never')$$), 'PT409 run_not_running', 'no other step meanwhile');
reset role;
select tap.running('t');
select work.await_event('t', 1, 'w', 'go', 3600);
select tap.later('t');
update work.step_executions set wakes_at = clock_timestamp() where run_id = 't';
select work.claim_execution('t', 'me');
select is((select (s.status, s.output)::text from work.await_event('t', 2, 'w', 'go', 3600) as s), '(completed,)', 'the time ran out');
select is(tap.outcome('update work.signals set step_name = null, received_at = null'), 'PT403 append_only', 'nothing is received twice');
select is(tap.outcome(format('select work.await_event(''t'', 2, %s)', v.arguments)), v.outcome, v.arguments) from (values
  ('''x'', ''''', 'PT400 invalid_name'), ('''x'', null', 'PT400 invalid_name'), ('''x'', repeat(''x'', 201)', 'PT400 invalid_name'), ('null, ''x''', 'PT400 invalid_name'),
  ('''x'', ''y'', -1', 'PT400 invalid_timeout'), ('''x'', ''y'', ''nan''', 'PT400 invalid_timeout'), ('''x'', ''y'', ''infinity''', 'PT400 invalid_timeout')
) as v (arguments, outcome);
select is(tap.outcome($$select work.await_event('t', 1, 'x', 'y')$$), 'PT409 stale_attempt', 'another attempt');
set local role pylayer_analyst;
select is(tap.outcome($$select work.await_event('r', 1, 'a', 'b')$$), '42501', 'pylayer_analyst may not');
reset role;
set local role pylayer_auditor;
select is(tap.outcome($$select work.await_event('r', 1, 'a', 'b')$$), '42501', 'pylayer_auditor may not');
reset role;

select * from finish();
