select no_plan();

set local role pylayer_admin;
select is((select (a.agent_id, a.name, a.status, a.executions)::text from ai.save_agent('coder-1') as a), '(coder-1,coder-1,active,0)', 'an id is enough');
create temporary table note as select d.definition_id from ai.save_agent_definition('coder') as d;
select is(
  (select (a.name, a.definition_id = n.definition_id, a.status, a.project_id, a.config, a.budget, a.tags, a.metadata)::text
   from note as n, ai.save_agent('coder-1', jsonb_build_object('definition_id', n.definition_id) || '{"name": "Coder", "status": "paused", "project_id": "web",
     "config": {"c": 1}, "budget": {"b": 1}, "tags": ["t"], "metadata": {"m": 1}}') as a),
  '(Coder,t,paused,web,"{""c"": 1}","{""b"": 1}","[""t""]","{""m"": 1}")', 'all fields'
);
select is((select (a.name, a.project_id)::text from ai.save_agent('coder-1', '{"project_id": null}') as a), '(Coder,)', 'null clears, the rest stays');
select is((select a.updated_at from ai.save_agent('coder-1') as a), (select a.updated_at from ai.get_agent('coder-1') as a), 'safe to repeat');
create function pg_temp.made(p_fields text, p_id text default 'coder-1') returns text
language sql volatile as $$select tap.outcome(format('select ai.save_agent(%L, %L)', p_id, p_fields))$$;
select is(pg_temp.made('{"status": "asleep"}'), 'PT400 invalid_field', 'a status that is none');
select is(pg_temp.made('{"name": null}'), 'PT400 invalid_field', 'a name cannot be cleared');
select is(pg_temp.made('{"definition_id": "x"}'), 'PT400 invalid_field', 'no ULID');
select is(pg_temp.made('{"definition_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}'), 'PT404 no_definition', 'no such definition');
select is(pg_temp.made('{"budget_used_usd": 0}'), 'PT400 unknown_field', 'what it used is no field');
select is(pg_temp.made(null), 'PT400 invalid_fields', 'null');
select is(pg_temp.made('{}', n.id), 'PT400 invalid_field', format('id %L', n.id)) from (values (''), (null), ('a b'), (repeat('a', 101))) as n (id);
select is(pg_temp.made('{"status": "retired"}'), 'accepted', 'it retires');
select is(pg_temp.made('{"status": "active"}'), 'PT409 agent_retired', 'for good');
select is(pg_temp.made('{"metadata": null}'), 'accepted', 'the rest may change');
reset role;
update ai.agents set deleted_at = now();
select is(pg_temp.made('{}'), 'PT404 no_agent', 'one that was removed');

set local role pylayer_agent;
select is(pg_temp.made('{}', 'x'), '42501', 'pylayer_agent may not');
set local role pylayer_analyst;
select is(pg_temp.made('{}', 'x'), '42501', 'pylayer_analyst may not');
set local role pylayer_auditor;
select is(pg_temp.made('{}', 'x'), '42501', 'pylayer_auditor may not');

select * from finish();
