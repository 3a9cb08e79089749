select no_plan();

set local role pylayer_admin;
select is(
  (select (u.username, u.is_service_account, length(u.user_id))::text from iam.save_user('ada') as u), '(ada,f,26)', 'a username is enough'
);
select is(
  (select (u.display_name, u.email, u.is_service_account, u.github_login, u.github_node_id, u.preferences, u.metadata)::text
   from iam.save_user('ada', '{"display_name": "Ada", "email": "Ada@example.org", "is_service_account": true, "github_login": "ada",
     "github_node_id": "N1", "preferences": {"k": 1}, "metadata": {"m": 1}}') as u),
  '(Ada,Ada@example.org,t,ada,N1,"{""k"": 1}","{""m"": 1}")', 'all fields'
);
select is((select (u.display_name, u.email)::text from iam.save_user('ada', '{"display_name": null}') as u), '(,Ada@example.org)', 'null clears, the rest stays');
select is((select (u.updated_at, u.user_id)::text from iam.save_user('ada') as u), (select (u.updated_at, u.user_id)::text from iam.get_user('ada') as u), 'safe to repeat');
create function pg_temp.made(p_fields text, p_name text default 'ada') returns text
language sql volatile as $$select tap.outcome(format('select iam.save_user(%L, %L)', p_name, p_fields))$$;
select is(pg_temp.made('{"email": "ada"}'), 'PT400 invalid_field', 'no address');
select is(pg_temp.made('{"display_name": ""}'), 'PT400 invalid_field', 'an empty name');
select is(pg_temp.made(jsonb_build_object('display_name', repeat('x', 201))::text), 'PT400 invalid_field', 'a long name');
select is(pg_temp.made('{"is_service_account": null}'), 'PT400 invalid_field', 'neither a program nor not');
select is(pg_temp.made('{"username": "x"}'), 'PT400 unknown_field', 'the username is no field');
select is(pg_temp.made('{"deleted_at": null}'), 'PT400 unknown_field', 'nor is what the table keeps');
select is(pg_temp.made('[]'), 'PT400 invalid_fields', 'no object');
select is(pg_temp.made(null), 'PT400 invalid_fields', 'null');
select is(pg_temp.made('{}', n.name), 'PT400 invalid_field', format('username %L', n.name))
from (values (''), (null), ('Ada'), ('-a'), ('a b'), (repeat('a', 64)), (E'a\n')) as n (name);
select is(pg_temp.made(jsonb_build_object('metadata', jsonb_build_object('k', repeat('x', 262145)))::text), 'PT413 field_limit', 'a large document');
select is(pg_temp.made('{"email": "ADA@example.org"}', 'eve'), 'PT409 user_taken', 'the address of another');
select is(pg_temp.made('{"github_node_id": "N1"}', 'eve'), 'PT409 user_taken', 'the node of another');
select is(tap.outcome($$select iam.get_user('eve')$$), 'PT404 no_user', 'nothing is made of what is refused');
reset role;
update iam.users set deleted_at = now() where username = 'ada';
select is(pg_temp.made('{}'), 'PT404 no_user', 'one that was removed');

set local role pylayer_agent;
select is(pg_temp.made('{}', 'x'), '42501', 'pylayer_agent may not');
set local role pylayer_analyst;
select is(pg_temp.made('{}', 'x'), '42501', 'pylayer_analyst may not');
set local role pylayer_auditor;
select is(pg_temp.made('{}', 'x'), '42501', 'pylayer_auditor may not');

select * from finish();
