-- One conversation, without its messages.
--
-- Parameters: p_instance_id.
-- Returns:    one row.
-- Errors:     PT404 no_conversation.
-- Tables:     ai.conversations (read).
create or replace function ai.get_conversation(p_instance_id text) returns ai.conversation_info
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the table
set search_path = pg_catalog, pg_temp
as $$
declare
  v_conversation ai.conversation_info;
begin
  select
    c.instance_id, c.title, c.agent_id, c.run_id, c.project_id, c.tags, c.metadata, c.message_count, c.created_at,
    c.updated_at
  into v_conversation
  from ai.conversations as c
  where c.instance_id = p_instance_id;
  if not found then
    perform ai.refuse_no_conversation(p_instance_id => p_instance_id);
  end if;
  return v_conversation;
end
$$;
comment on function ai.get_conversation(text) is 'One conversation, without its messages. Errors: PT404 no_conversation';
alter function ai.get_conversation(text) owner to pylayer_api;
revoke all on function ai.get_conversation(text) from public;
grant execute on function ai.get_conversation(text) to pylayer_agent, pylayer_analyst, pylayer_auditor;
