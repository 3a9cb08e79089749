select no_plan();

set local role pylayer_agent;
select ai.save_conversation('c');
select ai.save_conversation('empty');
select ai.append_messages('c', '[
  {"role": "user", "content": "1", "token_count": 10},
  {"role": "assistant", "content": "2", "token_count": 10, "tool_calls": [
    {"id": "x", "type": "function", "function": {"name": "f", "arguments": "{}"}},
    {"id": "y", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
  {"role": "tool", "content": "3", "token_count": 10, "tool_call_id": "x"},
  {"role": "user", "content": "4", "token_count": 10},
  {"role": "tool", "content": "5", "token_count": 10, "tool_call_id": "y"},
  {"role": "assistant", "content": "6", "token_count": 10},
  {"role": "user", "content": "7", "token_count": 0}
]');
create function pg_temp.shown(p_tokens bigint, p_messages integer default null) returns text language sql as $$
  select string_agg(m.content, '') from ai.conversation_window('c', p_tokens, p_messages) as m
$$;

select is(pg_temp.shown(1000), '1234567', 'all');
select is(pg_temp.shown(60), '1234567', 'all, just so');
select is(pg_temp.shown(59), '234567', 'from a call on');
select is(pg_temp.shown(49), '67', 'no result without its call, whatever stands between');
select is(pg_temp.shown(10), '67', 'the newest');
select is(pg_temp.shown(9), '7', 'one less');
select is(pg_temp.shown(0), '7', 'what costs nothing');
select is(pg_temp.shown(null, 6), '234567', 'by number');
select is(pg_temp.shown(null, 5), '67', 'by number, no result without its call');
select is(pg_temp.shown(null, 1), '7', 'one');
select is(pg_temp.shown(null, 0), null, 'none');
select is(pg_temp.shown(1000, 2), '67', 'both hold: messages');
select is(pg_temp.shown(10, 7), '67', 'both hold: tokens');

select ai.append_messages('c', '[{"role": "tool", "content": "8", "token_count": 1, "tool_call_id": "of nobody"}]');
select is(pg_temp.shown(1), '78', 'a result without any call is not apart from it');
select ai.append_messages('c', '[{"role": "user", "content": "9", "token_count": 100}]');
select is(pg_temp.shown(99), null, 'nothing, when the newest does not fit');

select is_empty($$select ai.conversation_window('empty', 1)$$, 'an empty conversation');
select is(tap.outcome($$select ai.conversation_window('c')$$), 'PT400 invalid_window', 'no size');
select is(tap.outcome($$select ai.conversation_window('c', -1)$$), 'PT400 invalid_window', 'less than nothing');
select is(tap.outcome($$select ai.conversation_window('c', 1, -1)$$), 'PT400 invalid_window', 'fewer than none');
select is(tap.outcome($$select ai.conversation_window('x', 1)$$), 'PT404 no_conversation', 'unknown');
set local role pylayer_analyst;
select is(pg_temp.shown(100), '9', 'an analyst reads');

select * from finish();
