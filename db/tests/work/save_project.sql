select no_plan();

set local role pylayer_agent;
select is((select (p.project_id, p.name, p.default_branch)::text from work.save_project('web') as p), '(web,web,main)', 'an id is enough');
select is(
  (select (p.name, p.description, p.repository, p.default_branch, p.tech_stack, p.pr_merge_rate, p.test_coverage, p.tags, p.metadata)::text
   from work.save_project('web', '{"name": "Web", "description": "d", "repository": "o/n", "default_branch": "trunk", "tech_stack": ["sql"],
     "pr_merge_rate": 0.75, "test_coverage": 1, "tags": {"a": 1}, "metadata": {"k": 1}}') as p),
  '(Web,d,o/n,trunk,"[""sql""]",0.75,1,"{""a"": 1}","{""k"": 1}")', 'all fields'
);
select is((select (p.name, p.description)::text from work.save_project('web', '{"description": null}') as p), '(Web,)', 'null clears');
select is((select p.updated_at from work.save_project('web') as p), (select p.updated_at from work.get_project('web') as p), 'safe to repeat');
create function pg_temp.made(p_fields text, p_id text default 'web') returns text
language sql volatile as $$select tap.outcome(format('select work.save_project(%L, %L)', p_id, p_fields))$$;
select is(pg_temp.made('{"name": ""}'), 'PT400 invalid_field', 'an empty name');
select is(pg_temp.made('{"name": null}'), 'PT400 invalid_field', 'a name cannot be cleared');
select is(pg_temp.made('{"test_coverage": 1.01}'), 'PT400 invalid_field', 'a share above all');
select is(pg_temp.made('{"pr_merge_rate": -1}'), 'PT400 invalid_field', 'a share below nothing');
select is(pg_temp.made('{"project_id": "x"}'), 'PT400 unknown_field', 'the id is no field');
select is(pg_temp.made('[]'), 'PT400 invalid_fields', 'no object');
select is(pg_temp.made(null), 'PT400 invalid_fields', 'null');
select is(pg_temp.made('{}', ''), 'PT400 invalid_project_id', 'an empty id');
select is(pg_temp.made('{}', null), 'PT400 invalid_project_id', 'no id');
select is(pg_temp.made('{}', E'a\tb'), 'PT400 invalid_project_id', 'a tabulator in the id');
select is(pg_temp.made(jsonb_build_object('description', repeat('x', 262145))::text), 'PT413 field_limit', 'a large text');

set local role pylayer_analyst;
select is(tap.outcome($$select work.save_project('web')$$), '42501', 'pylayer_analyst may not');
set local role pylayer_auditor;
select is(tap.outcome($$select work.save_project('web')$$), '42501', 'pylayer_auditor may not');

select * from finish();
