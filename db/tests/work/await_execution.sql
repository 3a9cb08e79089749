select no_plan();

select tap.running('r');
set local role pylayer_agent;
select work.start_execution('w', p_run_id => 'done', p_parent_run_id => 'r');
select work.claim_execution('done', 'me');
select work.complete_execution('done', 1, '{"n": 1}');
select is((select (s.status, s.output)::text from work.await_execution('r', 1, 'a', 'done') as s), '(completed,"{""n"": 1}")', 'ended before');
select work.start_execution('w', p_run_id => 'c', p_parent_run_id => 'r');
select is((work.await_execution('r', 1, 'b', 'c')).status, 'waiting', 'it has not ended');
select is((work.await_execution('r', 1, 'b', 'c')).status, 'waiting', 'said twice');
select is((select (e.status, e.waiting_for, e.due_at)::text from work.get_execution('r') as e), '(waiting,"run c",)', 'what it waits for');
select is(tap.outcome($$select work.await_execution('r', 1, 'x', 'c')$$), 'PT409 run_not_running', 'no other step meanwhile');
select work.claim_execution('c', 'me');
select is(tap.outcome($$select work.claim_execution('r', 'me')$$), 'PT409 not_due', 'a child that runs has not ended');
select work.complete_execution('c', 1, '2');
select is((work.claim_execution('r', 'me')).attempt, 2, 'a child that completes wakes it');
select is((work.await_execution('r', 2, 'b', 'c')).output, '2', 'with its outputs');
select is((work.await_execution('r', 2, 'b', 'none')).output, '2', 'a step that is complete stays');

-- Each way in which a child ends without a result.
select work.start_execution('w', p_run_id => 'f', p_parent_run_id => 'r');
select work.await_execution('r', 2, 'c', 'f');
select work.claim_execution('f', 'me');
select work.fail_execution('f', 1, 'no luck', 'ValueError');
select work.claim_execution('r', 'me');
select is((select (s.status, s.error)::text from work.await_execution('r', 3, 'c', 'f') as s), '(failed,"run f is failed: ValueError: no luck")', 'a child that fails');
select work.retry_execution('f');
select is((work.await_execution('r', 3, 'c', 'f')).status, 'waiting', 'and is taken up again');
select work.cancel_execution('f');
select work.claim_execution('r', 'me');
select is((select (s.status, s.error)::text from work.await_execution('r', 4, 'c', 'f') as s), '(failed,"run f is cancelled")', 'a child that is cancelled');
select work.start_execution('w', p_run_id => 'l', p_parent_run_id => 'r', p_deadline => '2999-01-01');
select work.await_execution('r', 4, 'd', 'l');
reset role;
select tap.later('l');
set local role pylayer_admin;
select is(work.expire_executions(), 1, 'a child past its deadline');
set local role pylayer_agent;
select work.claim_execution('r', 'me');
select is((work.await_execution('r', 5, 'd', 'l')).status, 'failed', 'has failed');

-- Only the run that waits for it is woken.
select work.start_execution('w', p_run_id => 'e', p_parent_run_id => 'r');
select work.await_event('r', 5, 'e', 'go');
select work.claim_execution('e', 'me');
select work.complete_execution('e', 1);
select is((work.get_execution('r')).due_at, null, 'not one that waits for something else');

reset role;
select tap.running('o');
select is(tap.outcome(format('select work.await_execution(''o'', %s)', v.arguments)), v.outcome, v.arguments) from (values
  ('1, ''a'', ''c''', 'PT409 not_a_child'), ('1, ''a'', ''o''', 'PT409 not_a_child'), ('1, ''a'', ''none''', 'PT404 no_run'), ('1, ''a'', null', 'PT404 no_run'),
  ('2, ''a'', ''c''', 'PT409 stale_attempt'), ('null, ''a'', ''c''', 'PT409 stale_attempt')
) as v (arguments, outcome);
select work.start_execution('w', p_run_id => 'p', p_parent_run_id => 'o');
select is(tap.outcome(format('select work.await_execution(''o'', 1, %s, ''p'')', v.name)), 'PT400 invalid_name', v.name)
from (values ('null'), (''''''), ('repeat(''x'', 501)')) as v (name);
set local role pylayer_analyst;
select is(tap.outcome($$select work.await_execution('o', 1, 'a', 'p')$$), '42501', 'pylayer_analyst may not');
reset role;
set local role pylayer_auditor;
select is(tap.outcome($$select work.await_execution('o', 1, 'a', 'p')$$), '42501', 'pylayer_auditor may not');
reset role;

select * from finish();
