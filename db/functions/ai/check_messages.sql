-- Refuses a batch of messages that is malformed or too large, before anything is written.
--
-- Parameters: p_messages, as in ai.append_messages.
-- Errors:     PT400 not_an_array, invalid_message; PT413 too_many_messages, message_too_large.
create or replace function ai.check_messages(p_messages jsonb) returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_wrong record;
begin
  if jsonb_typeof(p_messages) is distinct from 'array' then
    raise exception using
      errcode = 'PT400', message = 'messages are not a JSON array', constraint = 'not_an_array',
      detail = coalesce(jsonb_typeof(p_messages), 'null'), hint = 'append one message with ai.append_message';
  end if;
  if jsonb_array_length(p_messages) > 1000 then
    raise exception using
      errcode = 'PT413', message = 'there are too many messages', constraint = 'too_many_messages',
      detail = format('%s messages, limit 1000', jsonb_array_length(p_messages)), hint = 'append several batches';
  end if;
  select g.nth, ai.message_problem(p_message => g.message) as problem, octet_length(g.message::text) as bytes
  into v_wrong
  from jsonb_array_elements(p_messages) with ordinality as g (message, nth)
  where ai.message_problem(p_message => g.message) is not null or octet_length(g.message::text) > 1048576
  order by g.nth
  limit 1;
  if v_wrong.problem is not null then
    raise exception using
      errcode = 'PT400', message = 'a message is malformed', constraint = 'invalid_message',
      detail = format('message %s: %s', v_wrong.nth, v_wrong.problem),
      hint = 'role is system, developer, user, assistant or tool; a tool result, and nothing else, has a tool_call_id; tool_calls '
        'of an assistant are [{"id", "type": "function", "function": {"name", "arguments"}}], arguments as text';
  elsif found then
    raise exception using
      errcode = 'PT413', message = 'a message is too large', constraint = 'message_too_large',
      detail = format('message %s: %s bytes of JSON, limit 1048576', v_wrong.nth, v_wrong.bytes),
      hint = 'write large content as an artifact and refer to it';
  end if;
end
$$;
comment on function ai.check_messages(jsonb) is 'Refuses a batch of messages that is malformed or too large';
alter function ai.check_messages(jsonb) owner to pylayer_api;
revoke all on function ai.check_messages(jsonb) from public;
