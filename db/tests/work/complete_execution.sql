select no_plan();

select tap.running('r');
set local role pylayer_agent;
select is((select (e.status, e.outputs, e.due_at)::text from work.complete_execution('r', 1, '{"x": 1}') as e), '(completed,"{""x"": 1}",)', 'complete');
select is((work.complete_execution('r', 1, '2')).outputs, '{"x": 1}', 'the first result stays');
select is(tap.outcome($$select work.complete_execution('r', 2)$$), 'PT409 run_ended', 'not by another attempt');
select is(tap.outcome($$select work.fail_execution('r', 1, 'x')$$), 'PT409 run_ended', 'nor to fail');
reset role;
select is(tap.states('r'), 'pending running completed', 'events');
select tap.running('big');
select is(tap.outcome($$select work.complete_execution('big', 1, to_jsonb(repeat('x', 1048576)))$$), 'PT413 value_limit', 'too large');
select is(tap.outcome(format('update work.workflow_executions set %s where run_id = ''r''', v.change)), v.outcome, v.change) from (values
  ('outputs = null', 'PT403 append_only'), ('status = ''running''', 'PT409 illegal_transition'), ('inputs = ''1''', 'PT403 append_only'),
  ('run_id = ''x''', 'PT403 append_only'), ('status = ''gone''', 'PT409 illegal_transition')
) as v (change, outcome);
select is(tap.outcome($$insert into work.workflow_executions (run_id, workflow_id, status) values ('x', 'w', 'completed')$$), 'PT409 illegal_transition', 'a run begins as pending or running');
create temporary table allowed (a text, b text);
insert into allowed values ('pending', 'running'), ('pending', 'failed'), ('pending', 'cancelled'), ('running', 'waiting'), ('running', 'completed'),
  ('running', 'failed'), ('running', 'cancelled'), ('waiting', 'running'), ('waiting', 'failed'), ('waiting', 'cancelled'), ('failed', 'pending'), ('failed', 'running');
create function pg_temp.put(p_state text) returns void language plpgsql as $$
begin
  delete from work.workflow_executions where run_id = 'machine';
  perform work.start_execution('w', p_run_id => 'machine');
  if p_state <> 'pending' then
    update work.workflow_executions set status = 'running' where run_id = 'machine';
  end if;
  if p_state not in ('pending', 'running') then
    update work.workflow_executions set status = p_state where run_id = 'machine';
  end if;
end
$$;
create function pg_temp.go(p_from text, p_to text) returns text language plpgsql as $$
begin
  perform pg_temp.put(p_from);
  return tap.outcome(format('update work.workflow_executions set status = %L where run_id = ''machine''', p_to));
end
$$;
select is(pg_temp.go(f.state, t.state), case when exists (select from allowed where (a, b) = (f.state, t.state)) then 'accepted' else 'PT409 illegal_transition' end, f.state || ' to ' || t.state)
from unnest(array['pending', 'running', 'waiting', 'completed', 'failed', 'cancelled']) as f (state),
  unnest(array['pending', 'running', 'waiting', 'completed', 'failed', 'cancelled']) as t (state)
where f.state <> t.state;
set local session_replication_role = replica;
select is(pg_temp.go('completed', 'running'), 'PT409 illegal_transition', 'as a replica too');
set local session_replication_role = origin;

select is(tap.outcome($$select work.complete_execution('big', 2)$$), 'PT409 stale_attempt', 'another attempt');
select is(tap.outcome($$select work.complete_execution('big', null)$$), 'PT409 stale_attempt', 'no attempt');
select is(tap.outcome($$select work.complete_execution('none', 1)$$), 'PT404 no_run', 'no such run');
select work.start_execution('w', p_run_id => 'p');
select is(tap.outcome($$select work.complete_execution('p', 0)$$), 'PT409 run_not_running', 'not claimed');
select tap.running('gone');
select work.cancel_execution('gone');
select is(tap.outcome($$select work.complete_execution('gone', 1)$$), 'PT409 run_ended', 'ended');

select work.start_execution('w', p_run_id => 'd', p_deadline => '2999-01-01');
select work.claim_execution('d', 'me');
select tap.later('d');
select is(tap.outcome($$select work.complete_execution('d', 1)$$), 'PT409 deadline_passed', 'after its deadline');
set local role pylayer_analyst;
select is(tap.outcome($$select work.complete_execution('r', 1)$$), '42501', 'pylayer_analyst may not');
reset role;
set local role pylayer_auditor;
select is(tap.outcome($$select work.complete_execution('r', 1)$$), '42501', 'pylayer_auditor may not');
reset role;

select * from finish();
