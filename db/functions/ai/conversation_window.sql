-- The newest messages of a conversation that fit into a model's context: as many as there is room for, without a gap, and
-- none that answers a tool call from before them (a provider refuses a result without its call).
--
-- Parameters: p_instance_id, the conversation; p_max_tokens, greatest sum of token_count; p_max_messages, greatest number of
--             messages. Null is no limit; one of them is given.
-- Returns:    the messages, oldest first; none when the newest one alone does not fit.
-- Errors:     PT400 invalid_window; PT404 no_conversation.
-- Tables:     ai.conversations, ai.messages (read, the messages of the window twice).
create or replace function ai.conversation_window(
  p_instance_id text, p_max_tokens bigint default null, p_max_messages integer default null
) returns setof ai.message_info
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_message record;
  v_tokens bigint := bigint '0';
  v_messages integer := 0;
  v_earliest_call bigint;
  v_start bigint;
begin
  if num_nonnulls(p_max_tokens, p_max_messages) = 0 or least(p_max_tokens, p_max_messages) < 0 then
    raise exception using
      errcode = 'PT400', message = 'the window has no size', constraint = 'invalid_window',
      detail = format('max_tokens %s, max_messages %s', p_max_tokens, p_max_messages),
      hint = 'give p_max_tokens, p_max_messages or both, from 0';
  end if;
  perform ai.get_conversation(p_instance_id => p_instance_id);
  -- Backwards, and no further than the window: what a long conversation began with costs nothing.
  for v_message in
    select m.position, m.token_count, m.call_position
    from ai.messages as m
    where m.instance_id = p_instance_id
    order by m.position desc
  loop
    v_tokens := v_tokens + v_message.token_count;
    v_messages := v_messages + 1;
    exit when v_tokens > p_max_tokens or v_messages > p_max_messages;
    v_earliest_call := least(v_earliest_call, v_message.call_position);
    if v_earliest_call is null or v_message.position <= v_earliest_call then
      v_start := v_message.position;
    end if;
  end loop;
  return query
  select
    m.instance_id, m.position, m.message_id, m.agent_id, m.role, m.content, m.tool_calls, m.tool_call_id, m.is_error,
    m.metadata, m.token_count, m.is_token_estimate, m.created_at
  from ai.messages as m
  where m.instance_id = p_instance_id and m.position >= v_start
  order by m.position;
end
$$;
comment on function ai.conversation_window(text, bigint, integer) is
'Newest messages that fit, oldest first, no tool result without its call. Errors: PT400 invalid_window, PT404 no_conversation';
alter function ai.conversation_window(text, bigint, integer) owner to pylayer_api;
revoke all on function ai.conversation_window(text, bigint, integer) from public;
grant execute on function ai.conversation_window(text, bigint, integer) to pylayer_agent, pylayer_analyst, pylayer_auditor;
