select no_plan();

select work.start_execution('w', p_run_id => 'r' || n, p_deadline => '2999-01-01') from generate_series(1, 3) as n;
select work.claim_execution('r1', 'me');
select work.claim_execution('r2', 'me');
select work.sleep_until('r2', 1, 's', '2998-01-01');
select work.start_execution('w', p_run_id => 'other', p_deadline => '2999-01-01');
select tap.later('r' || n) from generate_series(1, 3) as n;
set local role pylayer_admin;
select is(work.expire_executions(2), 2, 'some');
select is(work.expire_executions(), 1, 'the rest');
select is(work.expire_executions(), 0, 'none is left');
select is((select (e.status, e.reason)::text from work.get_execution('r2') as e), '(failed,deadline_passed)', 'why');
select is((work.get_execution('other')).status, 'pending', 'not one whose deadline lies ahead');
select is(tap.outcome('select work.expire_executions(0)'), 'PT400 invalid_limit', 'no limit');
reset role;
select is(tap.states('r2'), 'pending running waiting failed', 'events');
set local role pylayer_agent;
select is(tap.outcome($$select work.expire_executions()$$), '42501', 'pylayer_agent may not');
reset role;
set local role pylayer_analyst;
select is(tap.outcome($$select work.expire_executions()$$), '42501', 'pylayer_analyst may not');
reset role;
set local role pylayer_auditor;
select is(tap.outcome($$select work.expire_executions()$$), '42501', 'pylayer_auditor may not');
reset role;

select * from finish();
