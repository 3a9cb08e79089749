select no_plan();

select work.start_execution(v.workflow, p_run_id => v.id, p_start_at => v.at::timestamptz, p_deadline => v.deadline::timestamptz) from (values
  ('w', 'second', '2026-01-02', null), ('w', 'first', '2026-01-01', null), ('v', 'other', '2026-01-03', null),
  ('w', 'late', '2999-01-01', null), ('w', 'dead', '2026-01-01', '2026-01-02')
) as v (workflow, id, at, deadline);
set local role pylayer_agent;
select is(array(select e.run_id from work.due_executions() as e), array['first', 'second', 'other'], 'the longest due first');
select is(array(select e.run_id from work.due_executions('{v}') as e), array['other'], 'of some workflows');
select is(array(select e.run_id from work.due_executions('{}') as e), '{}'::text[], 'of none');
select work.claim_execution('first', 'me');
select is(array(select e.run_id from work.due_executions(p_limit => 1) as e), array['second'], 'not one that somebody has');
reset role;
select tap.later('first');
select is(array(select e.run_id from work.due_executions() as e), array['second', 'other', 'first'], 'but when its lease has ended');
select is(tap.outcome('select work.due_executions(p_limit => 0)'), 'PT400 invalid_limit', 'no limit');

select * from finish();
