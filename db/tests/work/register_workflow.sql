select no_plan();

create function pg_temp.steps(p_steps text) returns text language sql as $$
  select tap.outcome(format('select work.register_workflow(''w'', ''9.0.0'', %L)', p_steps))
$$;
set local role pylayer_agent;
select is((select (w.version, w.status, w.created, w.used_at)::text from work.register_workflow('w', '1.2.3') as w), '(1.2.3,active,t,)', 'registered');
select is((work.register_workflow('w', '1.2.3')).created, false, 'once');
select is((work.register_workflow('w', '1.2.3', '[{"name": "a"}]', 'W')).name, 'W', 'another definition before its use');
select is((work.register_workflow('w', '1.2.3', '[{"name": "a"}]', p_status => 'draft')).status, 'active', 'its status stays');
select lives_ok($$select work.start_execution('w', p_version => '1.2.3')$$, 'used');
select isnt((work.register_workflow('w', '1.2.3', '[{"name": "a"}]', 'New')).used_at, null, 'the same definition, another title');
select is(tap.outcome($$select work.register_workflow('w', '1.2.3', '[]')$$), 'PT409 workflow_in_use', 'another definition after its use');

select is(pg_temp.steps('[{"name": "c", "depends_on": ["a", "b"]}, {"name": "a"}, {"name": "b", "depends_on": ["a"], "agent": "x"}]'), 'accepted', 'a graph');
select is(pg_temp.steps(v.steps), 'PT422 ' || v.reason, v.steps) from (values
  ('null', 'invalid_steps'), ('{}', 'invalid_steps'), ('["a"]', 'invalid_steps'), ('[{}]', 'invalid_steps'),
  ('[{"name": 1}]', 'invalid_steps'), ('[{"name": ""}]', 'invalid_steps'), ('[{"name": "a", "depends_on": "a"}]', 'invalid_steps'),
  ('[{"name": "a", "depends_on": [1]}]', 'invalid_steps'), ('[[]]', 'invalid_steps'),
  ('[{"name": "a"}, {"name": "a"}]', 'duplicate_step'), ('[{"name": "a", "depends_on": ["b"]}]', 'unknown_dependency'),
  ('[{"name": "a", "depends_on": ["a"]}]', 'step_cycle'),
  ('[{"name": "a"}, {"name": "b", "depends_on": ["a", "d"]}, {"name": "c", "depends_on": ["b"]}, {"name": "d", "depends_on": ["c"]}]', 'step_cycle')
) as v (steps, reason);
select is(pg_temp.steps((select jsonb_agg(jsonb_build_object('name', n)) from generate_series(1, 501) as n)::text), 'PT422 invalid_steps', '501 steps');
select is(pg_temp.steps((select jsonb_agg(jsonb_build_object('name', n::text, 'depends_on', case when n > 1 then jsonb_build_array((n - 1)::text) else '[]' end)) from generate_series(1, 500) as n)::text), 'accepted', 'a chain of 500');
select is(pg_temp.steps(jsonb_build_array(jsonb_build_object('name', 'a', 'x', repeat('x', 1048576)))::text), 'PT413 value_limit', 'over 1 MiB');
select is(tap.outcome(format('select work.register_workflow(%s)', v.arguments)), v.outcome, v.arguments) from (values
  ('null, ''1.0.0''', 'PT400 invalid_name'), (''' '', ''1.0.0''', 'PT400 invalid_name'), ('repeat(''x'', 201), ''1.0.0''', 'PT400 invalid_name'),
  ('''w'', null', 'PT400 invalid_version'), ('''w'', ''latest''', 'PT400 invalid_version'), ('''w'', ''^1.0.0''', 'PT400 invalid_version'),
  ('''w'', ''1.0''', 'PT400 invalid_version'), ('''w'', ''1.0.0-rc1''', 'PT400 invalid_version'), ('''w'', ''9999999999.0.0''', 'PT400 invalid_version'),
  ('''w'', ''1.0.0'', p_status => null', 'PT400 invalid_status'), ('''w'', ''1.0.0'', p_status => ''used''', 'PT400 invalid_status'),
  ('''w'', ''1.0.0'', p_steps => null', 'PT422 invalid_steps'), ('''w'', ''1.0.0'', p_metadata => ''[]''', 'PT400 invalid_metadata'),
  ('''w'', ''1.0.0'', p_tags => ''1''', 'PT400 invalid_tags'), ('''w'', ''1.0.0'', p_project_id => repeat(''x'', 501)', 'PT400 invalid_project_id'),
  ('''w'', ''1.0.0'', p_description => repeat(''x'', 10001)', 'PT400 invalid_name')
) as v (arguments, outcome);
reset role;
set local role pylayer_analyst;
select is(tap.outcome($$select work.register_workflow('x', '1.0.0')$$), '42501', 'pylayer_analyst may not');
reset role;
set local role pylayer_auditor;
select is(tap.outcome($$select work.register_workflow('x', '1.0.0')$$), '42501', 'pylayer_auditor may not');
reset role;

select * from finish();
