select no_plan();

select work.register_workflow('w', '1.2.0', '[{"name": "a"}, {"name": "b"}]');
set local role pylayer_agent;
select is(
  (select (e.run_id, e.workflow_id, e.version, e.status, e.inputs, e.attempt, e.total_steps, e.completed_steps, e.created)::text
   from work.start_execution('w', '{"x": 1}', 'r', '^1') as e), '(r,w,1.2.0,pending,"{""x"": 1}",0,2,0,t)', 'started'
);
select is((work.start_execution('w', '{"x": 1}', 'r', '^1')).created, false, 'once');
select is((work.start_execution('w', '{"x": 1}', 'r', '^7')).version, '1.2.0', 'a repeat looks for no version');
select is(tap.states('r'), 'pending', 'one event') from (select set_config('role', 'none', true)) as s;
set local role pylayer_agent;
select ok((work.start_execution('free')).run_id ~ '^[0-9A-HJKMNP-TV-Z]{26}$', 'an id of its own');
select is((work.start_execution('free', null, 'n')).inputs, '{}', 'no inputs');
select is((work.start_execution('c', p_run_id => 'child', p_parent_run_id => 'r')).parent_run_id, 'r', 'a child');
select is((work.start_execution('c', p_run_id => 'late', p_start_at => '2999-01-01')).due_at, '2999-01-01'::timestamptz, 'later');
select is(tap.outcome(format('select work.start_execution(%s)', v.arguments)), v.outcome, v.arguments) from (values
  ('''w'', ''{"x": 2}'', ''r''', 'PT409 run_exists'), ('''v'', ''{"x": 1}'', ''r''', 'PT409 run_exists'),
  ('''w'', ''{"x": 1}'', ''r'', p_parent_run_id => ''n''', 'PT409 run_exists'),
  ('null', 'PT400 invalid_name'), ('''''', 'PT400 invalid_name'), ('repeat(''x'', 201)', 'PT400 invalid_name'), ('''w'', p_run_id => '' ''', 'PT400 invalid_name'),
  ('''w'', p_run_id => repeat(''x'', 501)', 'PT400 invalid_name'), ('''w'', p_version => ''^2''', 'PT404 no_workflow'),
  ('''w'', p_version => ''x''', 'PT400 invalid_version'), ('''w'', p_parent_run_id => ''none''', 'PT404 no_run'),
  ('''w'', p_deadline => ''infinity''', 'PT400 invalid_time'), ('''w'', p_start_at => ''-infinity''', 'PT400 invalid_time'),
  ('''w'', p_metadata => ''1''', 'PT400 invalid_metadata'), ('''w'', p_tags => ''"x"''', 'PT400 invalid_tags'),
  ('''w'', p_project_id => repeat(''x'', 501)', 'PT400 invalid_project_id'),
  ('''w'', jsonb_build_object(''x'', repeat(''x'', 1048576))', 'PT413 value_limit')
) as v (arguments, outcome);
select work.cancel_execution('r');
select is(tap.outcome($$select work.start_execution('c', p_parent_run_id => 'r')$$), 'PT409 run_ended', 'no child of an ended run');
select is((work.start_execution('c', p_run_id => 'child', p_parent_run_id => 'r')).status, 'cancelled', 'a repeat of one that was started');
reset role;
set local role pylayer_analyst;
select is(tap.outcome($$select work.start_execution('x')$$), '42501', 'pylayer_analyst may not');
reset role;
set local role pylayer_auditor;
select is(tap.outcome($$select work.start_execution('x')$$), '42501', 'pylayer_auditor may not');
reset role;

select * from finish();
