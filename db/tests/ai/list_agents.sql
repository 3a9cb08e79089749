select no_plan();

select ai.save_agent(a.id, a.fields)
from (values ('c', '{}'::jsonb), ('a', '{"status": "retired"}'), ('b', '{"project_id": "web"}'), ('d', '{}')) as a (id, fields);
update ai.agents set deleted_at = now() where agent_id = 'd';
set local role pylayer_agent;
select is((select string_agg(a.agent_id, ' ') from ai.list_agents() as a), 'a b c', 'by id, without those that were removed');
select is((select string_agg(a.agent_id, ' ') from ai.list_agents('active') as a), 'b c', 'of a status');
select is((select string_agg(a.agent_id, ' ') from ai.list_agents(p_project_id => 'web') as a), 'b', 'of a project');
select is((select string_agg(a.agent_id, ' ') from ai.list_agents(p_limit => 1, p_after => 'a') as a), 'b', 'a page');
select is(tap.outcome('select ai.list_agents(p_limit => 0)'), 'PT400 invalid_limit', 'no limit');
set local role pylayer_analyst;
select is(tap.outcome('select ai.list_agents()'), 'accepted', 'pylayer_analyst may');
set local role pylayer_auditor;
select is(tap.outcome('select ai.list_agents()'), 'accepted', 'pylayer_auditor may');

select * from finish();
