select no_plan();

select work.start_execution('w', '{"x": 1}', 'r', p_assigned_agents => '{a,b}', p_metadata => '{"m": 1}', p_tags => '["t"]', p_project_id => 'p');
set local role pylayer_analyst;
select is((select (e.run_id, e.inputs, e.assigned_agents, e.metadata, e.tags, e.project_id, e.created)::text from work.get_execution('r') as e), '(r,"{""x"": 1}","{a,b}","{""m"": 1}","[""t""]",p,f)', 'a run');
select is(tap.outcome($$select work.get_execution('none')$$), 'PT404 no_run', 'no such run');
select is(tap.outcome($$select work.get_execution(null)$$), 'PT404 no_run', 'null');

select * from finish();
