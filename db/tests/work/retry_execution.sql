select no_plan();

select tap.running('r');
select work.complete_step('r', 1, 'a', '1');
select work.fail_execution('r', 1, 'broken');
set local role pylayer_agent;
select is((select (e.status, e.error, e.error_count, e.completed_steps, e.completed_at)::text from work.retry_execution('r') as e), '(pending,,1,1,)', 'pending again');
select is(tap.outcome($$select work.retry_execution('r')$$), 'PT409 run_not_failed', 'once');
select is((work.claim_execution('r', 'me')).attempt, 2, 'claimed');
select is((work.begin_step('r', 2, 'a')).output, '1', 'its steps stay');
select work.complete_execution('r', 2);
select is(tap.outcome($$select work.retry_execution('r')$$), 'PT409 run_ended', 'complete');
select is(tap.outcome($$select work.retry_execution('none')$$), 'PT404 no_run', 'no such run');
select work.start_execution('w', p_run_id => 'd', p_deadline => '2999-01-01');
select work.claim_execution('d', 'me');
reset role;
select tap.later('d');
select work.fail_execution('d', 1, 'late');
select is(tap.outcome($$select work.retry_execution('d')$$), 'PT409 deadline_passed', 'after its deadline');
select is(tap.outcome($$select work.retry_execution('d', 'infinity')$$), 'PT400 invalid_time', 'no time');
select is((work.retry_execution('d', '2999-01-01')).status, 'pending', 'with a new one');
set local role pylayer_analyst;
select is(tap.outcome($$select work.retry_execution('r')$$), '42501', 'pylayer_analyst may not');
reset role;
set local role pylayer_auditor;
select is(tap.outcome($$select work.retry_execution('r')$$), '42501', 'pylayer_auditor may not');
reset role;

select * from finish();
