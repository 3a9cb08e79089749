select no_plan();

-- The outcome of saving a conversation.
create function pg_temp.saved(p_id text, p_fields text default '{}') returns text language sql volatile as $$
  select tap.outcome(format('select ai.save_conversation(%L, %L)', p_id, p_fields))
$$;
set local role pylayer_agent;

select is((select (c.instance_id, c.title, c.agent_id, c.run_id, c.project_id, c.tags, c.metadata, c.message_count)::text
  from ai.save_conversation('chat-1', '{"title": "A title", "agent_id": "agent-1", "run_id": "run-1", "project_id": "project-1",
    "tags": ["a"], "metadata": {"k": 1}}') as c),
  '(chat-1,"A title",agent-1,run-1,project-1,"[""a""]","{""k"": 1}",0)', 'a conversation');
select is((select (c.title, c.agent_id, c.tags)::text from ai.save_conversation('chat-1', '{"title": "Another", "tags": null}') as c),
  '(Another,agent-1,)', 'null clears, the rest stays');
select is((select c::text from ai.save_conversation('chat-1', '{"title": "Another"}') as c),
  (select c::text from ai.get_conversation('chat-1') as c), 'safe to repeat');
select matches((select c.instance_id from ai.save_conversation() as c), '^[0-7][0-9A-HJKMNP-TV-Z]{25}$', 'without an id, a ULID');
select is((select (c.instance_id, c.title, c.tags)::text from ai.save_conversation('bare') as c), '(bare,,)', 'an id is enough');
select ai.append_message('bare', 'user', 'Hello');
select is((select (c.title, c.message_count)::text from ai.save_conversation('bare', '{"title": "Said"}') as c), '(Said,1)',
  'its messages stay');

select is(pg_temp.saved(n.id), 'PT400 invalid_field', format('an id of %s characters', length(n.id)))
from (values (''), (repeat('x', 256))) as n (id);
-- Of four bytes each, and nothing that compresses.
create function pg_temp.longest() returns text language sql volatile as $$
  select string_agg(chr(131072 + (random() * 40000)::integer), '') from generate_series(1, 255)
$$;
select is(pg_temp.saved(pg_temp.longest(), jsonb_build_object(
  'agent_id', pg_temp.longest(), 'run_id', pg_temp.longest(), 'project_id', pg_temp.longest()
)::text), 'accepted', 'the longest ids fit their indexes');
select lives_ok($$select ai.append_message(c.instance_id, 'user', p_message_id => pg_temp.longest())
  from ai.list_conversations(p_limit => 1) as c$$, 'the longest message_id, too');

-- Of one that is new, and of one that is there.
select is(pg_temp.saved(c.id, n.fields), n.outcome, format('%s: %s', c.id, left(n.fields, 40)))
from (values ('new'), ('bare')) as c (id), (values
  (jsonb_build_object('title', repeat('x', 501))::text, 'PT400 invalid_field'),
  (jsonb_build_object('agent_id', repeat('x', 256))::text, 'PT400 invalid_field'),
  (jsonb_build_object('run_id', repeat('x', 256))::text, 'PT400 invalid_field'),
  (jsonb_build_object('project_id', repeat('x', 256))::text, 'PT400 invalid_field'),
  ('{"title": ""}', 'PT400 invalid_field'),
  ('{"tags": 1}', 'PT400 invalid_field'),
  ('{"metadata": []}', 'PT400 invalid_field'),
  ('{"instance_id": "other"}', 'PT400 unknown_field'),
  ('{"message_count": 0}', 'PT400 unknown_field'),
  ('[]', 'PT400 invalid_fields'),
  (null, 'PT400 invalid_fields'),
  (jsonb_build_object('metadata', jsonb_build_object('k', repeat('x', 262144)))::text, 'PT413 field_limit')
) as n (fields, outcome);
select is(tap.outcome($$select ai.get_conversation('new')$$), 'PT404 no_conversation', 'none was made by it');
select is((select c.title from ai.get_conversation('bare') as c), 'Said', 'none was changed by it');

set local role pylayer_analyst;
select is(pg_temp.saved('c'), '42501', 'an analyst makes none');
set local role pylayer_auditor;
select is(pg_temp.saved('c'), '42501', 'an auditor makes none');

select * from finish();
