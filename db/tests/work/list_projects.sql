select no_plan();

select work.save_project(p.id) from unnest(array['b', 'a', 'C', 'd']) as p (id);
set local role pylayer_agent;
select is((select string_agg(p.project_id, ' ') from work.list_projects() as p), 'C a b d', 'by id');
select is((select string_agg(p.project_id, ' ') from work.list_projects(2) as p), 'C a', 'a page');
select is((select string_agg(p.project_id, ' ') from work.list_projects(2, 'a') as p), 'b d', 'the next');
select is(tap.outcome('select work.list_projects(0)'), 'PT400 invalid_limit', 'no limit');

set local role pylayer_analyst;
select is(tap.outcome($$select work.list_projects()$$), 'accepted', 'pylayer_analyst may');
set local role pylayer_auditor;
select is(tap.outcome($$select work.list_projects()$$), 'accepted', 'pylayer_auditor may');

select * from finish();
