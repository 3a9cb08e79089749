select no_plan();

select work.register_workflow('w', v.version, p_status => v.status) from (values
  ('0.1.0', 'active'), ('0.1.9', 'active'), ('0.2.0', 'active'), ('0.0.3', 'active'), ('0.0.4', 'active'), ('1.0.0', 'active'),
  ('1.2.3', 'active'), ('1.10.0', 'active'), ('1.11.0', 'deprecated'), ('2.0.0', 'active'), ('3.0.0', 'draft')
) as v (version, status);
set local role pylayer_agent;
select is((work.get_workflow('w', v.selector)).version, v.version, v.selector) from (values
  ('latest', '2.0.0'), ('^1', '1.10.0'), ('^1.2', '1.10.0'), ('^1.2.3', '1.10.0'), ('~1.2', '1.2.3'), ('~1', '1.10.0'), ('~1.2.0', '1.2.3'),
  ('^0', '0.2.0'), ('^0.1', '0.1.9'), ('^0.1.0', '0.1.9'), ('^0.0.3', '0.0.3'), ('^0.0', '0.0.4'), ('1.0.0', '1.0.0'),
  ('1.11.0', '1.11.0'), ('3.0.0', '3.0.0'), ('01.0.0', '1.0.0')
) as v (selector, version);
select is((work.get_workflow('w')).version, '2.0.0', 'the latest is what one gets');
select is(tap.outcome(format('select work.get_workflow(%L, %L)', v.id, v.selector)), v.outcome, concat_ws(' ', v.id, v.selector)) from (values
  ('w', '^3', 'PT404 no_workflow'), ('w', '1.2.4', 'PT404 no_workflow'), ('x', 'latest', 'PT404 no_workflow'), (null, 'latest', 'PT404 no_workflow'),
  ('w', null, 'PT400 invalid_version'), ('w', '', 'PT400 invalid_version'), ('w', '1.2', 'PT400 invalid_version'), ('w', '^', 'PT400 invalid_version'),
  ('w', '^1.x', 'PT400 invalid_version'), ('w', '>=1.0.0', 'PT400 invalid_version'), ('w', E'1.0.0\n', 'PT400 invalid_version')
) as v (id, selector, outcome);

select * from finish();
