select no_plan();

select ai.save_agent_definition(d.name, '{"model": "one"}') from unnest(array['c', 'a', 'b']) as d (name);
select ai.save_agent_definition('b', '{"model": "two"}');
set local role pylayer_agent;
select is((select string_agg(d.name || d.version, ' ') from ai.list_agent_definitions() as d), 'a1 b2 c1', 'the latest of each, by name');
select is((select string_agg(d.name, ' ') from ai.list_agent_definitions(1, 'a') as d), 'b', 'a page');
select is(tap.outcome('select ai.list_agent_definitions(0)'), 'PT400 invalid_limit', 'no limit');
set local role pylayer_analyst;
select is(tap.outcome('select ai.list_agent_definitions()'), 'accepted', 'pylayer_analyst may');
set local role pylayer_auditor;
select is(tap.outcome('select ai.list_agent_definitions()'), 'accepted', 'pylayer_auditor may');

select * from finish();
