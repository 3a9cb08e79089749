-- What keeps a message from being appended: the name of what is malformed.
--
-- Parameters: p_message, a JSON object as in ai.append_messages; a key that is null counts as absent.
-- Returns:    null for a good message.
create or replace function ai.message_problem(p_message jsonb) returns text
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select case
    when jsonb_typeof(p_message) is distinct from 'object' then 'not an object'
    when (
      p_message - array[
        'message_id', 'role', 'content', 'agent_id', 'tool_calls', 'tool_call_id', 'is_error', 'metadata', 'token_count'
      ]
    ) <> '{}' then 'unknown key'
    when exists (
      select
      from unnest(array['message_id', 'role', 'content', 'agent_id', 'tool_call_id']) as k (name)
      where jsonb_typeof(p_message -> k.name) not in ('string', 'null')
    ) then 'message_id, role, content, agent_id or tool_call_id is no text'
    when length(p_message ->> 'message_id') not between 1 and 255 then 'message_id'
    when coalesce(p_message ->> 'role', '') not in ('system', 'developer', 'user', 'assistant', 'tool') then 'role'
    when length(p_message ->> 'agent_id') > 255 then 'agent_id'
    when
      p_message ->> 'tool_calls' is not null
      and not (p_message ->> 'role' = 'assistant' and ai.is_tool_calls(p_tool_calls => p_message -> 'tool_calls'))
      then 'tool_calls'
    when
      (p_message ->> 'role' = 'tool') <> (p_message ->> 'tool_call_id' is not null)
      or length(p_message ->> 'tool_call_id') not between 1 and 255
      then 'tool_call_id'
    when jsonb_typeof(p_message -> 'is_error') not in ('boolean', 'null') then 'is_error'
    when jsonb_typeof(p_message -> 'metadata') not in ('object', 'null') then 'metadata'
    when
      p_message ->> 'token_count' is not null
      and not p_message @? 'strict $.token_count ? (@ >= 0 && @ <= 1000000000 && @ == @.floor())'
      then 'token_count'
  end
$$;
comment on function ai.message_problem(jsonb) is 'What keeps a message from being appended; null when nothing does';
alter function ai.message_problem(jsonb) owner to pylayer_api;
revoke all on function ai.message_problem(jsonb) from public;
