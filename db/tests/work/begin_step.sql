select no_plan();

select tap.running('r');
set local role pylayer_agent;
select is((select (s.step_name, s.status, s.attempt, s.tries, s.output)::text from work.begin_step('r', 1, 'a') as s), '(a,running,1,1,)', 'begun');
select is((work.begin_step('r', 1, 'a')).tries, 2, 'again');
select is((work.get_execution('r')).current_step, 'a', 'where it is');
select is((work.complete_step('r', 1, 'a', '5')).tries, 2, 'complete');
select is((select (s.status, s.output)::text from work.begin_step('r', 1, 'a') as s), '(completed,5)', 'one that is complete has its result');
select is((work.get_execution('r')).completed_steps, 1, 'and stays counted once');
reset role;

select is(tap.outcome($$select work.begin_step('r', 2, 'a')$$), 'PT409 stale_attempt', 'another attempt');
select is(tap.outcome($$select work.begin_step('r', null, 'a')$$), 'PT409 stale_attempt', 'no attempt');
select is(tap.outcome($$select work.begin_step('none', 1, 'a')$$), 'PT404 no_run', 'no such run');
select work.start_execution('w', p_run_id => 'p');
select is(tap.outcome($$select work.begin_step('p', 0, 'a')$$), 'PT409 run_not_running', 'not claimed');
select tap.running('gone');
select work.cancel_execution('gone');
select is(tap.outcome($$select work.begin_step('gone', 1, 'a')$$), 'PT409 run_ended', 'ended');

select work.start_execution('w', p_run_id => 'd', p_deadline => '2999-01-01');
select work.claim_execution('d', 'me');
select tap.later('d');
select is(tap.outcome($$select work.begin_step('d', 1, 'a')$$), 'PT409 deadline_passed', 'after its deadline');

select is(tap.outcome(format('select work.begin_step(''r'', 1, %L)', v)), 'PT400 invalid_name', left(v, 9)) from unnest(array['', ' ', repeat('x', 501), null]) as v;
set local role pylayer_analyst;
select is(tap.outcome($$select work.begin_step('r', 1, 'a')$$), '42501', 'pylayer_analyst may not');
reset role;
set local role pylayer_auditor;
select is(tap.outcome($$select work.begin_step('r', 1, 'a')$$), '42501', 'pylayer_auditor may not');
reset role;

select * from finish();
