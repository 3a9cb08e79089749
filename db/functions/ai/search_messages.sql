-- Messages whose text matches a query, newest first, page by page.
--
-- Parameters:
--   p_query        words as in a web search: all of them, "a phrase", or, -without; English stems, any case
--   p_instance_id, p_agent_id, p_project_id  of the conversation, equal to; null is any
--   p_limit        most rows, 1 to 1000
--   p_after_instance_id, p_after_position  message that ended the previous page; null is the first page
-- Returns: messages, newest first (when appended, then instance_id, then position). Only the first 100,000 characters of a text
--          are searched.
-- Errors:  PT400 invalid_query (no word to search for), invalid_limit; PT404 no_message (p_after_*).
-- Tables:  ai.conversations, ai.messages (read).
create or replace function ai.search_messages(
  p_query text,
  p_instance_id text default null,
  p_agent_id text default null,
  p_project_id text default null,
  p_limit integer default 100,
  p_after_instance_id text default null,
  p_after_position bigint default null
) returns setof ai.message_info
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan  -- so that an absent filter is no condition, and a given one finds its index
as $$
declare
  v_query tsquery := websearch_to_tsquery('pg_catalog.english', p_query);
  v_is_next boolean := num_nonnulls(p_after_instance_id, p_after_position) > 0;
  v_after timestamptz;
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  if v_query is null or querytree(v_query) in ('', 'T') then
    raise exception using
      errcode = 'PT400', message = 'the query has no word to search for', constraint = 'invalid_query',
      detail = coalesce(left(p_query, 200), 'null'), hint = 'words such as "and" or "the" are not searched, nor are only excluded ones';
  end if;
  if v_is_next then
    select m.created_at into v_after
    from ai.messages as m
    where m.instance_id = p_after_instance_id and m.position = p_after_position;
    if not found then
      raise exception using
        errcode = 'PT404', message = 'there is no such message', constraint = 'no_message',
        detail = format('position %s in conversation %s', p_after_position, left(p_after_instance_id, 255)),
        hint = 'give the instance_id and the position of the last row of the previous page';
    end if;
  end if;
  return query
  select
    m.instance_id, m.position, m.message_id, m.agent_id, m.role, m.content, m.tool_calls, m.tool_call_id, m.is_error,
    m.metadata, m.token_count, m.is_token_estimate, m.created_at
  from ai.messages as m
  inner join ai.conversations as c on c.instance_id = m.instance_id
  where to_tsvector('pg_catalog.english', left(m.content, 100000)) @@ v_query
    and (p_instance_id is null or m.instance_id = p_instance_id)
    and (p_agent_id is null or c.agent_id = p_agent_id)
    and (p_project_id is null or c.project_id = p_project_id)
    and (
      not v_is_next
      or (m.created_at, m.instance_id, m.position) < (v_after, p_after_instance_id collate "C", p_after_position)
    )
  order by m.created_at desc, m.instance_id desc, m.position desc
  limit p_limit;
end
$$;
comment on function ai.search_messages(text, text, text, text, integer, text, bigint) is
'Messages whose text matches a query, newest first, in keyset pages. Errors: PT400 invalid_query, invalid_limit, PT404 no_message';
alter function ai.search_messages(text, text, text, text, integer, text, bigint) owner to pylayer_api;
revoke all on function ai.search_messages(text, text, text, text, integer, text, bigint) from public;
grant execute on function ai.search_messages(text, text, text, text, integer, text, bigint)
to pylayer_agent, pylayer_analyst, pylayer_auditor;
