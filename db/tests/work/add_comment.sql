select no_plan();

insert into iam.users (user_id, username) values ('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'ada');
insert into ai.agents (agent_id, name) values ('coder-1', 'Coder');
set local role pylayer_agent;
select work.create_item('task', 'x', p_item_id => 'T');
select is(
  (select (c.item_id, c.body, c.author, c.is_ai, c.author_user_id, c.author_agent_id, c.metadata, c.github_node_id)::text
   from work.add_comment('T', 'hi', 'Ada', p_user_id => '01ARZ3NDEKTSV4RRFFQ69G5FAV', p_metadata => '{"k": 1}', p_github_node_id => 'N') as c),
  '(T,hi,Ada,f,01ARZ3NDEKTSV4RRFFQ69G5FAV,,"{""k"": 1}",N)', 'of a user'
);
select is((select (c.is_ai, c.author)::text from work.add_comment('T', 'hi', p_agent_id => 'coder-1') as c), format('(t,%s)', session_user), 'of an agent');
select is((select c.is_ai from work.add_comment('T', 'hi', p_is_ai => true) as c), true, 'of an AI that nobody knows');
create function pg_temp.said(p_more text default '', p_body text default 'hi', p_item text default 'T') returns text
language sql volatile as $$select tap.outcome(format('select work.add_comment(%L, %L %s)', p_item, p_body, p_more))$$;
select is(pg_temp.said(', p_github_node_id => ''N'''), 'accepted', 'a node again');
select is(pg_temp.said(', p_comment_id => ''01ARZ3NDEKTSV4RRFFQ69G5FAV'''), 'accepted', 'an id');
select is(pg_temp.said(', p_comment_id => ''01ARZ3NDEKTSV4RRFFQ69G5FAV'''), 'accepted', 'again');
select is((select count(*) from work.list_comments('T')), 4::bigint, 'safe to repeat');
select is(pg_temp.said(', p_comment_id => ''01ARZ3NDEKTSV4RRFFQ69G5FAV''', p_body => 'ho'), 'PT409 comment_exists', 'the id of another');
select is(pg_temp.said(', p_github_node_id => ''N''', p_body => 'ho'), 'PT409 comment_exists', 'the node of another');
select is(pg_temp.said(', p_comment_id => ''01ARZ3NDEKTSV4RRFFQ69G5FAV'', p_github_node_id => ''M'''), 'PT409 comment_exists', 'the id of one without that node');
select is(pg_temp.said(p_body => ''), 'PT400 invalid_comment', 'empty');
select is(pg_temp.said(p_body => null), 'PT400 invalid_comment', 'null');
select is(pg_temp.said(p_body => repeat('x', 262145)), 'PT413 comment_limit', 'large');
select is(pg_temp.said(', p_metadata => ''[]'''), 'PT400 invalid_comment', 'metadata that is none');
select is(pg_temp.said(', p_is_ai => true, p_user_id => ''01ARZ3NDEKTSV4RRFFQ69G5FAV'''), 'PT400 invalid_comment', 'no user is an AI');
select is(pg_temp.said(', p_agent_id => ''coder-1'', p_user_id => ''01ARZ3NDEKTSV4RRFFQ69G5FAV'''), 'PT400 invalid_assignee', 'nor an agent');
select is(pg_temp.said(', p_agent_id => ''none'''), 'PT404 no_agent', 'an unknown agent');
select is(pg_temp.said(', p_user_id => ''none'''), 'PT404 no_user', 'an unknown user');
select is(pg_temp.said(', p_comment_id => ''x'''), 'PT400 invalid_comment_id', 'an id that is none');
select is(pg_temp.said(', p_author => '''''), 'PT400 invalid_context', 'an empty author');
select is(pg_temp.said(p_item => 'none'), 'PT404 no_item', 'no such item');

set local role pylayer_analyst;
select is(tap.outcome($$select work.add_comment('T', 'x')$$), '42501', 'pylayer_analyst may not');
set local role pylayer_auditor;
select is(tap.outcome($$select work.add_comment('T', 'x')$$), '42501', 'pylayer_auditor may not');

select * from finish();
