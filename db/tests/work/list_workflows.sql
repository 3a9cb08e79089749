select no_plan();

select work.register_workflow(v.id, v.version, p_status => v.status, p_project_id => v.project) from (values
  ('a', '1.9.0', 'active', 'p'), ('a', '1.10.0', 'draft', null), ('b', '1.0.0', 'active', 'p')
) as v (id, version, status, project);
set local role pylayer_analyst;
create temporary table page as select w.workflow_id || ' ' || w.version as found from work.list_workflows() as w;
select results_eq('select found from page', array['a 1.10.0', 'a 1.9.0', 'b 1.0.0'], 'by name, the greatest first');
select is(array(select w.version from work.list_workflows('a') as w), array['1.10.0', '1.9.0'], 'of one');
select is(array(select w.version from work.list_workflows(p_status => 'draft') as w), array['1.10.0'], 'drafts');
select is(array(select w.workflow_id from work.list_workflows(p_project_id => 'p') as w), array['a', 'b'], 'of a project');
select is(array(select w.version from work.list_workflows(p_limit => 1, p_after => array['a', '1.10.0']) as w), array['1.9.0'], 'the next page');
select is(array(select w.workflow_id from work.list_workflows(p_after => array['a', '1.9.0']) as w), array['b'], 'and the next name');
select is(tap.outcome('select work.list_workflows(p_limit => 0)'), 'PT400 invalid_limit', 'no limit');
select is(tap.outcome('select * from work.list_workflows(p_after => array[''a'', ''x''])'), 'PT400 invalid_version', 'no version');

select * from finish();
