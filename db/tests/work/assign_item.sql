select no_plan();

-- An admin says who there is.
set local role pylayer_admin;
insert into ai.agent_definitions (name) values ('coder');
insert into iam.users (user_id, username) values ('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'ada'), ('01ARZ3NDEKTSV4RRFFQ69G5FAW', 'gone');
update iam.users set deleted_at = now() where username = 'gone';
insert into ai.agents (agent_id, name, definition_id, status)
select a.agent_id, a.agent_id, d.definition_id, a.status
from ai.agent_definitions as d cross join (values ('coder-1', 'active'), ('old', 'retired')) as a (agent_id, status);
select ok(u.user_id ~ '^[0-9A-Z]{26}$', 'ids are made') from ai.agent_definitions as d cross join lateral (select d.definition_id as user_id) as u;
set local role pylayer_agent;
select work.create_item('task', 'x', p_item_id => 'T');
create function pg_temp.assigned(p_user text, p_agent text, p_version int default null, p_item text default 'T') returns text
language sql volatile as $$select tap.outcome(format('select work.assign_item(%L, %L, %L, %L)', p_item, p_user, p_agent, p_version))$$;

select is((select (i.assigned_user_id, i.assigned_agent_id, i.version)::text from work.assign_item('T', p_agent_id => 'coder-1') as i), '(,coder-1,2)', 'an agent');
select is((select i.version from work.assign_item('T', p_agent_id => 'coder-1') as i), 2, 'safe to repeat');
select is(
  (select (i.assigned_user_id, i.assigned_agent_id, i.version)::text from work.assign_item('T', '01ARZ3NDEKTSV4RRFFQ69G5FAV', p_expected_version => 2) as i),
  '(01ARZ3NDEKTSV4RRFFQ69G5FAV,,3)', 'a user instead'
);
select is(pg_temp.assigned('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'coder-1'), 'PT400 invalid_assignee', 'never both');
select is(pg_temp.assigned('nobody', null), 'PT404 no_user', 'an unknown user');
select is(pg_temp.assigned('01ARZ3NDEKTSV4RRFFQ69G5FAW', null), 'PT404 no_user', 'a user that was removed');
select is(pg_temp.assigned(null, 'nobody'), 'PT404 no_agent', 'an unknown agent');
select is(pg_temp.assigned(null, 'old'), 'PT404 no_agent', 'a retired agent');
select is(pg_temp.assigned(null, 'coder-1', p_version => 2), 'PT409 stale_version', 'an older version');
select is(pg_temp.assigned(null, null, p_item => 'none'), 'PT404 no_item', 'no such item');
select is((select (i.assigned_user_id, i.assigned_agent_id)::text from work.assign_item('T') as i), '(,)', 'nobody');
reset role;
select is(
  tap.outcome($$update work.items set assigned_user_id = '01ARZ3NDEKTSV4RRFFQ69G5FAV', assigned_agent_id = 'coder-1'$$),
  '23514 items_assigned_to_one', 'never both, whoever writes'
);

set local role pylayer_analyst;
select is(tap.outcome($$select work.assign_item('T')$$), '42501', 'pylayer_analyst may not');
set local role pylayer_auditor;
select is(tap.outcome($$select work.assign_item('T')$$), '42501', 'pylayer_auditor may not');

select * from finish();
