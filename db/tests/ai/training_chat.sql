select no_plan();

set local role pylayer_agent;
select ai.save_conversation('empty');
select ai.save_conversation('c');
select ai.append_messages('c', '[
  {"role": "user", "content": "Weather?", "metadata": {"k": 1}},
  {"role": "assistant", "tool_calls": [{"id": "t", "type": "function", "function": {"name": "f", "arguments": "{\"a\": null}"}}]},
  {"role": "tool", "content": "Rain", "tool_call_id": "t"}
]');
set local role pylayer_analyst;
create function pg_temp.chats(p_from interval, p_to interval, p_xid bigint default 9223372036854775807)
returns jsonb language sql as $$
  select jsonb_agg(to_jsonb(t)) from (select * from ai.training_chat(now() + p_from, now() + p_to, 1, p_xid)) as t
$$;
select is(pg_temp.chats('-1 hour', '1 hour'), '[{"messages": [
  {"role": "user", "content": "Weather?"},
  {"role": "assistant", "content": "", "tool_calls": [{"id": "t", "type": "function", "function": {"name": "f", "arguments": "{\"a\": null}"}}]},
  {"role": "tool", "content": "Rain", "tool_call_id": "t"}
]}]'::jsonb, 'the messages format; a conversation without messages is none');
select is(pg_temp.chats('-2 hours', '-1 hour'), null, 'not of the range');
select is(pg_temp.chats('-1 hour', '1 hour', pg_current_xact_id()::text::bigint), null, 'not below the horizon');
set local role pylayer_agent;
select is(tap.outcome($$select ai.training_chat(now(), now(), 1, 1)$$), '42501', 'not for agents');

select * from finish();
