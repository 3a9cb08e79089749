-- Messages of a conversation, oldest first, page by page.
--
-- Parameters: p_instance_id, the conversation; p_limit, most rows, 1 to 1000; p_after, position that ended the previous page.
-- Returns:    messages in the order of their positions.
-- Errors:     PT400 invalid_limit; PT404 no_conversation.
-- Tables:     ai.conversations, ai.messages (read).
create or replace function ai.list_messages(p_instance_id text, p_limit integer default 1000, p_after bigint default 0)
returns setof ai.message_info
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  perform ai.get_conversation(p_instance_id => p_instance_id);
  return query
  select
    m.instance_id, m.position, m.message_id, m.agent_id, m.role, m.content, m.tool_calls, m.tool_call_id, m.is_error,
    m.metadata, m.token_count, m.is_token_estimate, m.created_at
  from ai.messages as m
  where m.instance_id = p_instance_id and m.position > coalesce(p_after, 0)
  order by m.position
  limit p_limit;
end
$$;
comment on function ai.list_messages(text, integer, bigint) is
'Messages of a conversation, oldest first, in keyset pages. Errors: PT400 invalid_limit, PT404 no_conversation';
alter function ai.list_messages(text, integer, bigint) owner to pylayer_api;
revoke all on function ai.list_messages(text, integer, bigint) from public;
grant execute on function ai.list_messages(text, integer, bigint) to pylayer_agent, pylayer_analyst, pylayer_auditor;
