select no_plan();

select work.save_project('web');
select work.create_item('task', 'x', '{"project_id": "web"}', 'T');
set local role pylayer_admin;
select ok(work.delete_project('web'), 'one');
select ok(not work.delete_project('web'), 'once');
select is(tap.outcome($$select work.delete_project('none')$$), 'PT404 no_project', 'no such project');
select is(tap.outcome($$select work.delete_project(null)$$), 'PT404 no_project', 'null');
select is(tap.outcome($$select work.get_project('web')$$), 'PT404 no_project', 'not got');
select is_empty('select work.list_projects()', 'not listed');
select is(tap.outcome($$select work.save_project('web')$$), 'PT404 no_project', 'not changed');
select is(tap.outcome($$select work.create_item('task', 'x', '{"project_id": "web"}')$$), 'PT404 no_project', 'it gets no items');
select is((select i.project_id from work.get_item('T') as i), 'web', 'its items stay');

set local role pylayer_agent;
select is(tap.outcome($$select work.delete_project('web')$$), '42501', 'pylayer_agent may not');
set local role pylayer_analyst;
select is(tap.outcome($$select work.delete_project('web')$$), '42501', 'pylayer_analyst may not');
set local role pylayer_auditor;
select is(tap.outcome($$select work.delete_project('web')$$), '42501', 'pylayer_auditor may not');

select * from finish();
