select no_plan();

set local role pylayer_admin;
select is((select (d.name, d.version)::text from ai.save_agent_definition('coder', '{"model": "gpt", "tools": ["bash"]}') as d), '(coder,1)', 'the first version');
select is(
  (select (d.version, d.model, d.tools, d.system_prompt)::text from ai.save_agent_definition('coder', '{"system_prompt": "Be brief."}') as d),
  '(2,gpt,"[""bash""]","Be brief.")', 'the next says what the latest said, and what is given'
);
select is((select d.version from ai.save_agent_definition('coder', '{"model": "gpt"}') as d), 2, 'what changes nothing is no version');
select is((select d.version from ai.save_agent_definition('coder') as d), 2, 'nothing neither');
select is((select (d.version, d.tools)::text from ai.save_agent_definition('coder', '{"tools": null}') as d), '(3,)', 'null clears');
select is(
  (select (d.role, d.description, d.provider, d.capabilities, d.config, d.budget, d.tags, d.metadata)::text
   from ai.save_agent_definition('all', '{"role": "r", "description": "d", "provider": "p", "capabilities": [1], "config": {"c": 1}, "budget": {"b": 1},
     "tags": ["t"], "metadata": {"m": 1}}') as d),
  '(r,d,p,[1],"{""c"": 1}","{""b"": 1}","[""t""]","{""m"": 1}")', 'all fields'
);
select is((select d.version from ai.save_agent_definition('long', jsonb_build_object('system_prompt', repeat('x', 262144))) as d), 1, 'a long prompt');
create function pg_temp.made(p_fields text, p_name text default 'coder') returns text
language sql volatile as $$select tap.outcome(format('select ai.save_agent_definition(%L, %L)', p_name, p_fields))$$;
select is(pg_temp.made(jsonb_build_object('system_prompt', repeat('x', 262145))::text), 'PT413 field_limit', 'a longer one');
select is(pg_temp.made(jsonb_build_object('provider', repeat('x', 101))::text), 'PT400 invalid_field', 'a long provider');
select is(pg_temp.made('{"tools": {}}'), 'PT400 invalid_field', 'tools that are no array');
select is(pg_temp.made('{"version": 9}'), 'PT400 unknown_field', 'the version is no field');
select is(pg_temp.made(null), 'PT400 invalid_fields', 'null');
select is(pg_temp.made('{}', n.name), 'PT400 invalid_field', format('name %L', n.name)) from (values (''), (null), ('a b'), (repeat('a', 101))) as n (name);
reset role;
create temporary table attempt (statement text);
insert into attempt values ('update ai.agent_definitions set model = ''x'''), ('delete from ai.agent_definitions'), ('truncate ai.agent_definitions cascade');
select is_empty($$select a.statement from attempt as a where tap.outcome(a.statement) <> 'PT403 append_only'$$, 'a version never changes, for a superuser');
set local session_replication_role = replica;
select is_empty($$select a.statement from attempt as a where tap.outcome(a.statement) <> 'PT403 append_only'$$, 'nor for a replica');
set local session_replication_role = origin;

set local role pylayer_agent;
select is(pg_temp.made('{}'), '42501', 'pylayer_agent may not');
set local role pylayer_analyst;
select is(pg_temp.made('{}'), '42501', 'pylayer_analyst may not');
set local role pylayer_auditor;
select is(pg_temp.made('{}'), '42501', 'pylayer_auditor may not');

select * from finish();
