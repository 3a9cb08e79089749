select no_plan();

select tap.running('r');
set local role pylayer_agent;
select is((work.sleep_until('r', 1, 'past', '2020-01-01')).status, 'completed', 'a time that has passed');
select is((select (s.status, s.wakes_at)::text from work.sleep_until('r', 1, 's', '2999-01-01 00:00:00+00') as s), format('(waiting,"%s")', '2999-01-01 00:00:00+00'::timestamptz), 'a time to come');
select is((work.sleep_until('r', 1, 's', '2999-01-01')).status, 'waiting', 'said twice');
select is((select (e.status, e.worker, e.due_at = '2999-01-01 00:00:00+00')::text from work.get_execution('r') as e), '(waiting,,t)', 'nobody has the run');
select is(tap.outcome($$select work.sleep_until('r', 1, 't', '2999-01-01')$$), 'PT409 run_not_running', 'no other step meanwhile');
select is(tap.outcome($$select work.claim_execution('r', 'me')$$), 'PT409 not_due', 'nor a claim');
reset role;
select tap.later('r');
update work.step_executions set wakes_at = clock_timestamp() where step_name = 's';
select is((work.claim_execution('r', 'you')).attempt, 2, 'once it is over');
select is((work.sleep_until('r', 2, 's', '2999-01-01')).status, 'completed', 'the first time holds');
select is((work.sleep_until('r', 2, 's', '2999-01-01')).status, 'completed', 'and stays');
select work.complete_step('r', 2, 'c');
select is((work.sleep_until('r', 2, 'c', '2999-01-01')).status, 'completed', 'a step that is complete otherwise');
select is((work.get_execution('r')).status, 'running', 'does not stop the run');
select is(tap.states('r'), 'pending running waiting running', 'events');
select is(tap.outcome($$select work.sleep_until('r', 2, 'n', null)$$), 'PT400 invalid_time', 'no time');
select is(tap.outcome($$select work.sleep_until('r', 2, 'n', 'infinity')$$), 'PT400 invalid_time', 'never');
select is(tap.outcome($$select work.sleep_until('r', 1, 'n', '2020-01-01')$$), 'PT409 stale_attempt', 'another attempt');

select is(tap.outcome(format('select work.sleep_until(''r'', 2, %L, ''2020-01-01'')', v)), 'PT400 invalid_name', left(v, 9)) from unnest(array['', ' ', repeat('x', 501), null]) as v;
set local role pylayer_analyst;
select is(tap.outcome($$select work.sleep_until('r', 1, 'a', now())$$), '42501', 'pylayer_analyst may not');
reset role;
set local role pylayer_auditor;
select is(tap.outcome($$select work.sleep_until('r', 1, 'a', now())$$), '42501', 'pylayer_auditor may not');
reset role;

select * from finish();
