select no_plan();

select tap.running('r');
set local role pylayer_agent;
select is((select (s.status, s.tries, s.output, s.duration_ms)::text from work.complete_step('r', 1, 'a', '{"x": 1}', 1500, '{"n": 1}') as s), '(completed,1,"{""x"": 1}",1500)', 'complete');
select is((work.complete_step('r', 1, 'a', '2')).output, '{"x": 1}', 'the first result stays');
select is((select (e.completed_steps, e.current_step, e.state_data)::text from work.get_execution('r') as e), '(1,a,"{""n"": 1}")', 'and is counted once');
select is((work.complete_step('r', 1, 'b')).output, null, 'no result');
select is((work.get_execution('r')).state_data, '{"n": 1}', 'the state stays');
select work.fail_step('r', 1, 'c', 'broken');
select is((select (s.status, s.tries, s.error)::text from work.complete_step('r', 1, 'c') as s), '(completed,2,)', 'after a failure');
select is(tap.outcome($$select work.complete_step('r', 1, 'x', p_duration_ms => -1)$$), 'PT400 invalid_duration', 'no duration');
select is(tap.outcome($$select work.complete_step('r', 1, 'x', to_jsonb(repeat('x', 1048576)))$$), 'PT413 value_limit', 'too large');
reset role;
select ok((work.get_execution('r')).due_at > clock_timestamp() + interval '290 s', 'a lease that is fresh');
update work.workflow_executions set due_at = clock_timestamp() + interval '100 s' where run_id = 'r';
select work.complete_step('r', 1, 'z');
select ok((work.get_execution('r')).due_at > clock_timestamp() + interval '290 s', 'is renewed when half of it is gone');
select is(tap.outcome('update work.step_executions set output = null where run_id = ''r'''), 'PT403 append_only', 'a superuser changes nothing that is complete');

select is(tap.outcome($$select work.complete_step('r', 2, 'a')$$), 'PT409 stale_attempt', 'another attempt');
select is(tap.outcome($$select work.complete_step('r', null, 'a')$$), 'PT409 stale_attempt', 'no attempt');
select is(tap.outcome($$select work.complete_step('none', 1, 'a')$$), 'PT404 no_run', 'no such run');
select work.start_execution('w', p_run_id => 'p');
select is(tap.outcome($$select work.complete_step('p', 0, 'a')$$), 'PT409 run_not_running', 'not claimed');
select tap.running('gone');
select work.cancel_execution('gone');
select is(tap.outcome($$select work.complete_step('gone', 1, 'a')$$), 'PT409 run_ended', 'ended');

select work.start_execution('w', p_run_id => 'd', p_deadline => '2999-01-01');
select work.claim_execution('d', 'me');
select tap.later('d');
select is(tap.outcome($$select work.complete_step('d', 1, 'a')$$), 'PT409 deadline_passed', 'after its deadline');

select is(tap.outcome(format('select work.complete_step(''r'', 1, %L)', v)), 'PT400 invalid_name', left(v, 9)) from unnest(array['', ' ', repeat('x', 501), null]) as v;
set local role pylayer_analyst;
select is(tap.outcome($$select work.complete_step('r', 1, 'a')$$), '42501', 'pylayer_analyst may not');
reset role;
set local role pylayer_auditor;
select is(tap.outcome($$select work.complete_step('r', 1, 'a')$$), '42501', 'pylayer_auditor may not');
reset role;

select * from finish();
