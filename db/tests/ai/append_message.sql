select no_plan();

set local role pylayer_agent;
select ai.save_conversation('c');
select is((select row(m.*)::text from ai.append_message('c', 'user', 'Hello', 'm1') as m), '(m1,1,created,2)', 'a message');
select is((select row(m.*)::text from ai.append_message('c', 'user', 'Hello', 'm1') as m), '(m1,1,duplicate,2)', 'the same again');
select is((select row(m.*)::text from ai.append_message(
  'c', 'assistant', p_message_id => 'm2', p_agent_id => 'a', p_metadata => '{"k": null}', p_token_count => 7,
  p_tool_calls => '[{"id": "t", "type": "function", "function": {"name": "f", "arguments": "{}"}}]'
) as m), '(m2,2,created,7)', 'a tool call');
select is((select row(m.*)::text from ai.append_message(
  'c', 'tool', 'No', 'm3', p_tool_call_id => 't', p_is_error => true
) as m), '(m3,3,created,1)', 'its result');
select matches((select message_id from ai.append_message('c', 'user', null)), '^[0-7][0-9A-HJKMNP-TV-Z]{25}$', 'without an id, a ULID');
select is((select jsonb_agg(to_jsonb(m) - 'created_at' order by m.position) from ai.list_messages('c', 2, 1) as m), '[
  {"instance_id": "c", "position": 2, "message_id": "m2", "agent_id": "a", "role": "assistant", "content": "",
   "tool_calls": [{"id": "t", "type": "function", "function": {"name": "f", "arguments": "{}"}}], "tool_call_id": null,
   "is_error": false, "metadata": {"k": null}, "token_count": 7, "is_token_estimate": false},
  {"instance_id": "c", "position": 3, "message_id": "m3", "agent_id": null, "role": "tool", "content": "No", "tool_calls": null,
   "tool_call_id": "t", "is_error": true, "metadata": null, "token_count": 1, "is_token_estimate": true}
]'::jsonb, 'as they were said');

select is(tap.outcome($$select ai.append_message('c', 'user', 'Bye', 'm1')$$), 'PT409 message_conflict', 'another text');
select is(tap.outcome($$select ai.append_message('x', 'user', 'Hello')$$), 'PT404 no_conversation', 'unknown');
select is(tap.outcome($$select ai.append_message('c', null, 'Hello')$$), 'PT400 invalid_message', 'no role');
select is(tap.outcome($$select ai.append_message('c', 'user', repeat('x', 1048577))$$), 'PT413 message_too_large', 'too large');
set local role pylayer_analyst;
select is(tap.outcome($$select ai.append_message('c', 'user', 'Hello')$$), '42501', 'an analyst says nothing');

select * from finish();
