select no_plan();

set local role pylayer_agent;
select ai.save_conversation('c');
select ai.save_conversation('d');
create function pg_temp.appended(p_messages jsonb, p_id text default 'c') returns text language sql volatile as $$
  select string_agg(concat_ws(' ', m.message_id, m.position, m.status, m.token_count), ', ' order by m.nth)
  from ai.append_messages(p_id, p_messages) with ordinality as m (message_id, position, status, token_count, nth)
$$;
create function pg_temp.refused(p_message jsonb) returns text language sql volatile as $$
  select tap.outcome(format('select ai.append_messages(%L, %L)', 'c', jsonb_build_array(p_message)))
$$;

select is(pg_temp.appended('[
  {"role": "system", "message_id": "a", "content": "Be brief.", "token_count": 3},
  {"role": "user", "message_id": "b", "content": "Hi"},
  {"role": "user", "message_id": "b", "content": "Hi", "metadata": {"try": 2}, "token_count": 9}
]'), 'a 1 created 3, b 2 created 1, b 2 duplicate 1', 'a batch with a repetition');
select is(pg_temp.appended('[
  {"role": "assistant", "message_id": "c", "content": "Hello"},
  {"role": "user", "message_id": "b", "content": "Hi"},
  {"role": "user", "message_id": "d", "content": null, "tool_calls": null, "metadata": null, "token_count": null}
]'), 'c 3 created 2, b 2 duplicate 1, d 4 created 1', 'what is new goes on after the last');
select is(pg_temp.appended('[]'), null, 'nothing');
select is(pg_temp.appended('[{"role": "user", "message_id": "a", "content": "Other"}]', 'd'), 'a 1 created 2', 'another conversation');
select is((select message_count from ai.get_conversation('c')), 4::bigint, 'each is counted once');
select is((select array_agg(m.position order by m.position) from ai.list_messages('c') as m), '{1,2,3,4}'::bigint[], 'no gap');

-- All or none.
select is(tap.outcome($$select ai.append_messages('c', '[
  {"role": "user", "message_id": "e", "content": "New"}, {"role": "user", "message_id": "b", "content": "Changed"}
]')$$), 'PT409 message_conflict', 'one that conflicts');
select is(tap.outcome($$select ai.append_messages('c', '[
  {"role": "user", "message_id": "e", "content": "New"}, {"role": "user", "message_id": "e", "content": "Changed"}
]')$$), 'PT409 message_conflict', 'one that conflicts with another of the batch');
select is(tap.outcome($$select ai.append_messages('c', '[{"role": "user", "message_id": "e"}, {"role": "nobody"}]')$$),
  'PT400 invalid_message', 'one that is malformed');
select is((select message_count from ai.get_conversation('c')), 4::bigint, 'nothing of them is stored');
select is(
  tap.outcome(format('select ai.append_messages(%L, %L)', 'c', jsonb_build_array(
    '{"role": "user", "message_id": "b", "content": "Hi"}'::jsonb || v.change::jsonb))), v.outcome, v.change
)
from (values
  ('{"agent_id": "x"}', 'PT409 message_conflict'),
  ('{"role": "assistant"}', 'PT409 message_conflict'),
  ('{"is_error": true}', 'PT409 message_conflict'),
  ('{"role": "tool", "tool_call_id": "x"}', 'PT409 message_conflict'),
  ('{"metadata": {"try": 3}}', 'accepted'),
  ('{"token_count": 5}', 'accepted')
) as v (change, outcome);

-- A result knows the message with its call: the latest before it, stored or of the same batch.
select is(pg_temp.appended('[
  {"role": "assistant", "message_id": "f", "tool_calls": [
    {"id": "t1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
    {"id": "t2", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
  {"role": "tool", "message_id": "g", "tool_call_id": "t1"}
]'), 'f 5 created 40, g 6 created 1', 'a call and its result');
select pg_temp.appended('[
  {"role": "tool", "message_id": "h", "tool_call_id": "t2"},
  {"role": "assistant", "message_id": "i", "tool_calls": [{"id": "t1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
  {"role": "tool", "message_id": "j", "tool_call_id": "t1"},
  {"role": "tool", "message_id": "k", "tool_call_id": "unheard of"}
]');
set local role pylayer_analyst;
select is((select array_agg(m.call_position order by m.position) from ai.messages as m where m.instance_id = 'c' and m.role = 'tool'),
  '{5,5,8,null}'::bigint[], 'the positions of their calls');
set local role pylayer_agent;

select is(tap.outcome(format('select ai.append_messages(%L, %L)', 'c', v.messages)), v.outcome, coalesce(left(v.messages, 40), 'null'))
from (values
  (null, 'PT400 not_an_array'),
  ('null', 'PT400 not_an_array'),
  ('{}', 'PT400 not_an_array'),
  ((select jsonb_agg('{"role": "user"}'::jsonb)::text from generate_series(1, 1001)), 'PT413 too_many_messages')
) as v (messages, outcome);
select is(tap.outcome($$select ai.append_messages('x', '[]')$$), 'PT404 no_conversation', 'unknown');
select is(tap.outcome($$select ai.append_messages(null, '[]')$$), 'PT404 no_conversation', 'null');

select is(pg_temp.refused(v.message::jsonb), 'PT400 invalid_message', left(v.message, 100))
from (values
  ('1'), ('[]'), ('null'), ('{}'),
  ('{"role": "robot"}'), ('{"role": null}'), ('{"role": 1}'), ('{"role": "User"}'),
  ('{"role": "user", "contents": "x"}'), ('{"role": "user", "content": 1}'), ('{"role": "user", "content": ["x"]}'),
  ('{"role": "user", "message_id": ""}'), ('{"role": "user", "message_id": 5}'),
  (format('{"role": "user", "message_id": "%s"}', repeat('x', 256))),
  (format('{"role": "user", "agent_id": "%s"}', repeat('x', 256))),
  ('{"role": "user", "is_error": "true"}'), ('{"role": "user", "metadata": []}'),
  ('{"role": "user", "token_count": -1}'), ('{"role": "user", "token_count": 1.5}'),
  ('{"role": "user", "token_count": "1"}'), ('{"role": "user", "token_count": 1000000001}'),
  ('{"role": "user", "token_count": [1]}'), ('{"role": "user", "token_count": 1e300}'),
  ('{"role": "user", "tool_call_id": "t"}'), ('{"role": "tool"}'), ('{"role": "tool", "tool_call_id": ""}'),
  ('{"role": "assistant", "tool_calls": []}'), ('{"role": "assistant", "tool_calls": {}}'),
  ('{"role": "assistant", "tool_calls": [{}]}'), ('{"role": "assistant", "tool_calls": [1]}'),
  ('{"role": "assistant", "tool_calls": [[{"id": "t", "type": "function", "function": {"name": "f", "arguments": ""}}]]}'),
  ('{"role": "assistant", "tool_calls": [{"id": 1, "type": "function", "function": {"name": "f", "arguments": ""}}]}'),
  ('{"role": "assistant", "tool_calls": [{"id": "t", "type": 1, "function": {"name": "f", "arguments": ""}}]}'),
  ('{"role": "assistant", "tool_calls": [{"id": "t", "type": "function", "function": {"name": "f", "arguments": {}}}]}'),
  ('{"role": "assistant", "tool_calls": [{"id": "t", "type": "function", "function": [{"name": "f", "arguments": ""}]}]}'),
  ('{"role": "user", "tool_calls": [{"id": "t", "type": "function", "function": {"name": "f", "arguments": ""}}]}')
) as v (message);
select is(pg_temp.refused(jsonb_build_object('role', 'user', 'content', repeat('x', 1048576))), 'PT413 message_too_large', 'too large');
select is(pg_temp.refused(jsonb_build_object('role', 'user', 'content', repeat('x', 1048000))), 'accepted', 'as large as may be');
-- No text is too rich in words for its index.
select is(pg_temp.refused(jsonb_build_object('role', 'user', 'content', (
  select string_agg(v.word, ' ') from (
    select chr(66304 + n % 500) || chr(66304 + n / 500 % 500) from generate_series(1, 100000) as n
  ) as v (word)
))), 'accepted', 'many words');
select is(pg_temp.refused(jsonb_build_object('role', 'user', 'content', (
  select string_agg(format('a%s.io/b%s?c%s', n, n, n), ' ') from generate_series(1, 20000) as n
))), 'accepted', 'many URLs');
select is(pg_temp.refused(jsonb_build_object('role', 'user', 'content', repeat('x', 900000))), 'accepted', 'one long word');

select * from finish();
