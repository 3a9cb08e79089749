select no_plan();

select work.save_project('web');
set local role pylayer_agent;
select is((select p.name from work.get_project('web') as p), 'web', 'one');
select is(tap.outcome('select work.get_project(''none'')'), 'PT404 no_project', 'no such project');
select is(tap.outcome('select work.get_project(null)'), 'PT404 no_project', 'null');

set local role pylayer_analyst;
select is(tap.outcome($$select work.get_project('web')$$), 'accepted', 'pylayer_analyst may');
set local role pylayer_auditor;
select is(tap.outcome($$select work.get_project('web')$$), 'accepted', 'pylayer_auditor may');

select * from finish();
