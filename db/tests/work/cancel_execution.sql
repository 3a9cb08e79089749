select no_plan();

select tap.running('r');
select work.start_execution('c', p_run_id => 'c' || n, p_parent_run_id => 'r') from generate_series(1, 2) as n;
select work.claim_execution('c1', 'me');
select work.start_execution('c', p_run_id => 'g', p_parent_run_id => 'c1');
select work.complete_execution('c1', 1);
set local role pylayer_agent;
select is((select (e.status, e.reason, e.actor)::text from work.cancel_execution('r', 'enough', 'ada') as e), '(cancelled,enough,ada)', 'cancelled');
select is((work.cancel_execution('r', 'again')).reason, 'enough', 'once');
select is((work.get_execution('c1')).status, 'completed', 'a child that was complete stays so');
select is((work.get_execution('c2')).status, 'cancelled', 'another is cancelled');
select is((work.get_execution('g')).status, 'cancelled', 'and one below');
select is(tap.outcome($$select work.complete_step('r', 1, 'a')$$), 'PT409 run_ended', 'whoever works on it is told');
select is(tap.outcome($$select work.cancel_execution('c1')$$), 'PT409 run_ended', 'complete');
select is(tap.outcome($$select work.cancel_execution('none')$$), 'PT404 no_run', 'no such run');
select is(tap.outcome($$select work.cancel_execution(null)$$), 'PT404 no_run', 'null');
reset role;
select is(tap.states('r') || ', ' || tap.states('g'), 'pending running cancelled, pending cancelled', 'events');
set local role pylayer_analyst;
select is(tap.outcome($$select work.cancel_execution('r')$$), '42501', 'pylayer_analyst may not');
reset role;
set local role pylayer_auditor;
select is(tap.outcome($$select work.cancel_execution('r')$$), '42501', 'pylayer_auditor may not');
reset role;

select * from finish();
