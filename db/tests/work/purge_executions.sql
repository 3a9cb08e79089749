select no_plan();

-- Runs as they were long ago: their times, whatever the guards say.
create function tap.ended(p_run_id text, p_days integer) returns void language sql as $$
  select work.fail_execution(p_run_id, (work.claim_execution(p_run_id, 'me')).attempt, 'broken');
  alter table work.workflow_executions disable trigger user;
  update work.workflow_executions set created_at = now() - interval '1000 days', completed_at = now() - make_interval(days => p_days)
  where run_id = p_run_id;
  alter table work.workflow_executions enable trigger user;
$$;
select work.start_execution('w', p_run_id => 'old');
select work.emit_signal('old', 'go');
select work.emit_signal('old', 'never');
select work.claim_execution('old', 'me');
select work.await_event('old', 1, 'step', 'go');
select work.record_traces('old', '[{"span_id": "s", "name": "n", "kind": "llm", "started_at": "2026-01-01", "ended_at": "2026-01-01"}]');
select tap.ended('old', 91);
select work.start_execution('w', p_run_id => 'young');
select tap.ended('young', 89);
select work.start_execution('w', p_run_id => 'open');
select work.start_execution('w', p_run_id => 'open/child', p_parent_run_id => 'open');
select tap.ended('open/child', 91);
select work.start_execution('w', p_run_id => 'top');
select work.start_execution('w', p_run_id => 'top/middle', p_parent_run_id => 'top');
select work.start_execution('w', p_run_id => 'top/low', p_parent_run_id => 'top/middle');
select tap.ended(v.id, 91) from (values ('top/low'), ('top/middle'), ('top')) as v (id);
select work.start_execution('w', p_run_id => 'above');
select work.start_execution('w', p_run_id => 'above/open', p_parent_run_id => 'above');
select tap.ended('above', 91);

set local role pylayer_admin;
select is(work.purge_executions(1), 1, 'at most so many');
select is(work.purge_executions(), 1, 'from the lowest on');
select is(work.purge_executions(), 1, 'up');
select is(work.purge_executions(), 1, 'to the top');
select is(work.purge_executions(), 0, 'again');
select is(
  array(select e.run_id from work.list_executions() as e order by 1), array['above', 'above/open', 'open', 'open/child', 'young'],
  'what is young stays, and what is above or below a run that has not ended'
);
select is((select count(*) from work.step_executions where run_id = 'old'), 0::bigint, 'no step is left');
select is((select count(*) from work.signals where run_id = 'old'), 0::bigint, 'no signal');
select is((select count(*) from work.execution_traces where run_id = 'old'), 0::bigint, 'no span');
select is(tap.states('old'), 'pending running failed', 'its events stay');
update core.settings set run_retention_days = 80;
select is(work.purge_executions(), 1, 'the days are a setting');
select is(tap.outcome(format('update core.settings set run_retention_days = %s', v.days)), v.outcome, 'not ' || v.days)
from (values ('0', '23514 settings_run_retention_days_check'), ('null', '23502')) as v (days, outcome);
select is(tap.outcome(format('select work.purge_executions(%s)', v.n)), 'PT400 invalid_limit', 'limit ' || v.n)
from (values ('0'), ('10001'), ('null')) as v (n);
set local role pylayer_agent;
select is(tap.outcome('select work.purge_executions()'), '42501', 'not by agents');
set local role pylayer_analyst;
select is(tap.outcome('select work.purge_executions()'), '42501', 'nor by analysts');
reset role;

select * from finish();
