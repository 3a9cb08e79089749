select no_plan();

select tap.running('r');
set local role pylayer_agent;
select is((select (e.status, e.error, e.reason, e.error_count)::text from work.fail_execution('r', 1, 'broken', 'ValueError') as e), '(failed,broken,ValueError,1)', 'failed');
select is((work.fail_execution('r', 1, 'again')).error, 'broken', 'the first error stays');
reset role;
select is(tap.states('r'), 'pending running failed', 'events');
select is((select payload ->> 'reason' from telemetry.workflow_events where payload ->> 'to_state' = 'failed'), 'ValueError', 'why');
select work.start_execution('w', p_run_id => 'd', p_deadline => '2999-01-01');
select work.claim_execution('d', 'me');
select tap.later('d');
select is((work.fail_execution('d', 1, null)).status, 'failed', 'after its deadline');
select tap.running('s');

select is(tap.outcome($$select work.fail_execution('s', 2, 'x')$$), 'PT409 stale_attempt', 'another attempt');
select is(tap.outcome($$select work.fail_execution('s', null, 'x')$$), 'PT409 stale_attempt', 'no attempt');
select is(tap.outcome($$select work.fail_execution('none', 1, 'x')$$), 'PT404 no_run', 'no such run');
select work.start_execution('w', p_run_id => 'p');
select is(tap.outcome($$select work.fail_execution('p', 0, 'x')$$), 'PT409 run_not_running', 'not claimed');
select tap.running('gone');
select work.cancel_execution('gone');
select is(tap.outcome($$select work.fail_execution('gone', 1, 'x')$$), 'PT409 run_ended', 'ended');
set local role pylayer_analyst;
select is(tap.outcome($$select work.fail_execution('r', 1, 'x')$$), '42501', 'pylayer_analyst may not');
reset role;
set local role pylayer_auditor;
select is(tap.outcome($$select work.fail_execution('r', 1, 'x')$$), '42501', 'pylayer_auditor may not');
reset role;

select * from finish();
