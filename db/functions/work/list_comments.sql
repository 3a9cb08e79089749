-- The comments on an item, oldest first, page by page.
--
-- Parameters: p_item_id; p_limit, most rows, 1 to 1000; p_after, comment_id that ended the previous page, null is the first.
-- Returns:    the comments in order (created_at, then comment_id).
-- Errors:     PT400 invalid_limit; PT404 no_item, no_comment (p_after).
-- Tables:     work.items, work.comments (read).
create or replace function work.list_comments(p_item_id text, p_limit integer default 100, p_after text default null)
returns setof work.comment_info
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_after timestamptz;
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  perform work.check_references(p_project_id => null, p_item_id => coalesce(p_item_id, ''));
  if p_after is not null then
    select c.created_at into v_after from work.comments as c where c.comment_id = p_after and c.item_id = p_item_id;
    if not found then
      raise exception using
        errcode = 'PT404', message = 'there is no such comment', constraint = 'no_comment',
        detail = left(p_after, 64), hint = 'begin with the first page';
    end if;
  end if;
  return query
  select
    c.comment_id::text, c.item_id, c.body, c.author, c.is_ai, c.author_user_id::text, c.author_agent_id, c.github_node_id,
    c.metadata, c.created_at, c.edited_at, c.edited_by
  from work.comments as c
  where c.item_id = p_item_id
    and c.deleted_at is null
    and (p_after is null or (c.created_at, c.comment_id) > (v_after, p_after))
  order by c.created_at, c.comment_id
  limit p_limit;
end
$$;
comment on function work.list_comments(text, integer, text) is
'The comments on an item, oldest first, in keyset pages. Errors: PT400 invalid_limit, PT404 no_item, no_comment';
alter function work.list_comments(text, integer, text) owner to pylayer_api;
revoke all on function work.list_comments(text, integer, text) from public;
grant execute on function work.list_comments(text, integer, text) to pylayer_agent, pylayer_analyst, pylayer_auditor;
