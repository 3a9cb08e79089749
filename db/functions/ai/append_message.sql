-- Appends one message to a conversation.
--
-- Parameters: p_instance_id, the conversation; the others as the keys of ai.append_messages; null is absent.
-- Returns:    one row: message_id, position, status (created or duplicate), token_count.
-- Errors:     PT400 invalid_message; PT404 no_conversation; PT409 message_conflict; PT413 message_too_large.
-- Tables:     as ai.append_messages.
-- Repeat:     safe with a message_id.
create or replace function ai.append_message(
  p_instance_id text,
  p_role text,
  p_content text default '',
  p_message_id text default null,
  p_agent_id text default null,
  p_tool_calls jsonb default null,
  p_tool_call_id text default null,
  p_is_error boolean default false,
  p_metadata jsonb default null,
  p_token_count bigint default null
) returns table (message_id text, "position" bigint, status text, token_count integer)
language sql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
  select m.message_id, m.position, m.status, m.token_count
  from ai.append_messages(
    p_instance_id => p_instance_id,
    p_messages => jsonb_build_array(jsonb_build_object(
      'role', p_role,
      'content', p_content,
      'message_id', p_message_id,
      'agent_id', p_agent_id,
      'tool_calls', p_tool_calls,
      'tool_call_id', p_tool_call_id,
      'is_error', p_is_error,
      'metadata', p_metadata,
      'token_count', p_token_count
    ))
  ) as m
$$;
comment on function ai.append_message(text, text, text, text, text, jsonb, text, boolean, jsonb, bigint) is
'Appends a message to a conversation; safe to repeat with its id. Errors: PT400, PT404 no_conversation, PT409 message_conflict, PT413';
alter function ai.append_message(text, text, text, text, text, jsonb, text, boolean, jsonb, bigint) owner to pylayer_api;
revoke all on function ai.append_message(text, text, text, text, text, jsonb, text, boolean, jsonb, bigint) from public;
grant execute on function ai.append_message(text, text, text, text, text, jsonb, text, boolean, jsonb, bigint)
to pylayer_agent;
