-- Conversations without their messages, newest first, page by page.
--
-- Parameters:
--   p_agent_id, p_run_id, p_project_id  equal to; null is any
--   p_tags   contained in the conversation's tags; null is any
--   p_limit  most rows, 1 to 1000
--   p_after  instance_id that ended the previous page; null is the first page
-- Returns: rows as ai.get_conversation, newest first (when it was made, then instance_id).
-- Errors:  PT400 invalid_limit; PT404 no_conversation (p_after).
-- Tables:  ai.conversations (read).
create or replace function ai.list_conversations(
  p_agent_id text default null,
  p_run_id text default null,
  p_project_id text default null,
  p_tags jsonb default null,
  p_limit integer default 100,
  p_after text default null
) returns setof ai.conversation_info
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the table
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan  -- so that an absent filter is no condition, and a given one finds its index
as $$
declare
  v_after timestamptz;
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  if p_after is not null then
    v_after := (ai.get_conversation(p_instance_id => p_after)).created_at;
  end if;
  return query
  select
    c.instance_id, c.title, c.agent_id, c.run_id, c.project_id, c.tags, c.metadata, c.message_count, c.created_at,
    c.updated_at
  from ai.conversations as c
  where (p_agent_id is null or c.agent_id = p_agent_id)
    and (p_run_id is null or c.run_id = p_run_id)
    and (p_project_id is null or c.project_id = p_project_id)
    and (p_tags is null or c.tags @> p_tags)
    and (p_after is null or (c.created_at, c.instance_id) < (v_after, p_after collate "C"))
  order by c.created_at desc, c.instance_id desc
  limit p_limit;
end
$$;
comment on function ai.list_conversations(text, text, text, jsonb, integer, text) is
'Conversations, newest first, in keyset pages. Errors: PT400 invalid_limit, PT404 no_conversation';
alter function ai.list_conversations(text, text, text, jsonb, integer, text) owner to pylayer_api;
revoke all on function ai.list_conversations(text, text, text, jsonb, integer, text) from public;
grant execute on function ai.list_conversations(text, text, text, jsonb, integer, text)
to pylayer_agent, pylayer_analyst, pylayer_auditor;
