select no_plan();

select tap.running('r');
set local role pylayer_agent;
select is((select (s.status, s.tries, s.error, s.duration_ms)::text from work.fail_step('r', 1, 'a', 'broken', 7) as s), '(failed,1,broken,7)', 'failed');
select is((select (s.status, s.tries, s.error)::text from work.begin_step('r', 1, 'a') as s), '(running,2,)', 'tried again');
select is((select (s.status, s.tries)::text from work.fail_step('r', 1, 'a', repeat('x', 20000)) as s), '(failed,2)', 'failed again');
select is((select (e.status, e.error_count, e.completed_steps)::text from work.get_execution('r') as e), '(running,2,0)', 'counted; the run goes on');
select work.complete_step('r', 1, 'b', '1');
select is((select (s.status, s.output)::text from work.fail_step('r', 1, 'b', 'late') as s), '(completed,1)', 'one that is complete stays so');
select is(tap.outcome($$select work.fail_step('r', 1, 'x', null, -1)$$), 'PT400 invalid_duration', 'no duration');
reset role;
select is(length(error), 10000, 'what is kept of it') from work.step_executions where step_name = 'a';

select is(tap.outcome($$select work.fail_step('r', 2, 'a', 'x')$$), 'PT409 stale_attempt', 'another attempt');
select is(tap.outcome($$select work.fail_step('r', null, 'a', 'x')$$), 'PT409 stale_attempt', 'no attempt');
select is(tap.outcome($$select work.fail_step('none', 1, 'a', 'x')$$), 'PT404 no_run', 'no such run');
select work.start_execution('w', p_run_id => 'p');
select is(tap.outcome($$select work.fail_step('p', 0, 'a', 'x')$$), 'PT409 run_not_running', 'not claimed');
select tap.running('gone');
select work.cancel_execution('gone');
select is(tap.outcome($$select work.fail_step('gone', 1, 'a', 'x')$$), 'PT409 run_ended', 'ended');

select work.start_execution('w', p_run_id => 'd', p_deadline => '2999-01-01');
select work.claim_execution('d', 'me');
select tap.later('d');
select is(tap.outcome($$select work.fail_step('d', 1, 'a', 'x')$$), 'PT409 deadline_passed', 'after its deadline');

select is(tap.outcome(format('select work.fail_step(''r'', 1, %L, ''x'')', v)), 'PT400 invalid_name', left(v, 9)) from unnest(array['', ' ', repeat('x', 501), null]) as v;
set local role pylayer_analyst;
select is(tap.outcome($$select work.fail_step('r', 1, 'a', 'x')$$), '42501', 'pylayer_analyst may not');
reset role;
set local role pylayer_auditor;
select is(tap.outcome($$select work.fail_step('r', 1, 'a', 'x')$$), '42501', 'pylayer_auditor may not');
reset role;

select * from finish();
