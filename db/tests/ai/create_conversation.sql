select no_plan();

-- The outcome of making a conversation, its arguments changed.
create function pg_temp.make(
  p_id text default 'c', p_title text default null, p_agent text default null, p_run text default null,
  p_project text default null, p_tags text default null, p_metadata text default null
) returns text language sql volatile as $$
  select tap.outcome(format(
    'select ai.create_conversation(%L, %L, %L, %L, %L, %L, %L)', p_id, p_title, p_agent, p_run, p_project, p_tags, p_metadata
  ))
$$;
set local role pylayer_agent;

select is((select row(c.*)::text from (
  select instance_id, title, agent_id, run_id, project_id, tags, metadata, message_count, created from ai.create_conversation(
    'chat-1', 'A title', 'agent-1', 'run-1', 'project-1', '["a"]', '{"k": 1}'
  )) as c), '(chat-1,"A title",agent-1,run-1,project-1,"[""a""]","{""k"": 1}",0,t)', 'a conversation');
select is((select created from ai.create_conversation('chat-1', 'A title', 'agent-1', 'run-1', 'project-1', '["a"]', '{"k": 1}')),
  false, 'the same again');
select matches((select instance_id from ai.create_conversation()), '^[0-7][0-9A-HJKMNP-TV-Z]{25}$', 'without an id, a ULID');
select is((select row(c.*)::text from (
  select instance_id, title, tags, created from ai.create_conversation('bare')) as c), '(bare,,,t)', 'nothing is said of it');
select is((select created from ai.create_conversation('bare')), false, 'nor when it is made again');
select ai.append_message('bare', 'user', 'Hello');
select is((select row(created, message_count)::text from ai.create_conversation('bare')), '(f,1)', 'nor once it has messages');
select is(pg_temp.make('bare', p_title => 'x'), 'PT409 conversation_exists', 'another title');
select is(pg_temp.make('chat-1'), 'PT409 conversation_exists', 'without what it was made with');
select is(pg_temp.make('bare', p_tags => '[]'), 'PT409 conversation_exists', 'other tags');

select is(pg_temp.make(''), 'PT400 invalid_conversation', 'an empty id');
select is(pg_temp.make(repeat('x', 256)), 'PT400 invalid_conversation', 'a long id');
-- Of four bytes each, and nothing that compresses.
create function pg_temp.longest() returns text language sql volatile as $$
  select string_agg(chr(131072 + (random() * 40000)::integer), '') from generate_series(1, 255)
$$;
select is(pg_temp.make(pg_temp.longest(), p_agent => pg_temp.longest(), p_run => pg_temp.longest(), p_project => pg_temp.longest()),
  'accepted', 'the longest ids fit their indexes');
select lives_ok($$select ai.append_message(c.instance_id, 'user', p_message_id => pg_temp.longest())
  from ai.list_conversations(p_limit => 1) as c$$, 'the longest message_id, too');
select is(pg_temp.make(p_title => repeat('x', 501)), 'PT400 invalid_conversation', 'a long title');
select is(pg_temp.make(p_agent => repeat('x', 256)), 'PT400 invalid_conversation', 'a long agent_id');
select is(pg_temp.make(p_run => repeat('x', 256)), 'PT400 invalid_conversation', 'a long run_id');
select is(pg_temp.make(p_project => repeat('x', 256)), 'PT400 invalid_conversation', 'a long project_id');
select is(pg_temp.make(p_tags => '1'), 'PT400 invalid_conversation', 'tags that are a number');
select is(pg_temp.make(p_metadata => '[]'), 'PT400 invalid_conversation', 'metadata that is an array');
select is(pg_temp.make(p_metadata => jsonb_build_object('k', repeat('x', 262144))::text), 'PT400 invalid_conversation', 'a lot of metadata');

set local role pylayer_analyst;
select is(pg_temp.make(), '42501', 'an analyst makes none');

select * from finish();
