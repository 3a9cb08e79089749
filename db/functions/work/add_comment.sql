-- Adds a comment to an item.
--
-- Parameters:
--   p_item_id         item
--   p_body            text of at most 256 KiB
--   p_author          who writes, in words; null is the login
--   p_is_ai           an AI writes; always so with p_agent_id
--   p_user_id, p_agent_id  who writes, where known, never both
--   p_metadata        whatever else, an object
--   p_github_node_id  node id on GitHub, at most 200 characters
--   p_comment_id      ULID; null makes one
-- Returns: the comment.
-- Errors:  PT400 invalid_comment, invalid_comment_id, invalid_context, invalid_assignee; PT404 no_item, no_user, no_agent;
--          PT409 comment_exists; PT413 comment_limit.
-- Tables:  work.items, iam.users, ai.agents (read), work.comments, work.item_texts (inserted), in this order.
-- Repeat:  safe with an id or a node id and the same text.
create or replace function work.add_comment(
  p_item_id text,
  p_body text,
  p_author text default null,
  p_is_ai boolean default false,
  p_user_id text default null,
  p_agent_id text default null,
  p_metadata jsonb default null,
  p_github_node_id text default null,
  p_comment_id text default null
) returns work.comment_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_id text := coalesce(p_comment_id, core.new_ulid());
  v_comment work.comment_info;
begin
  perform work.check_comment(
    p_body => p_body, p_is_ai => p_is_ai, p_user_id => p_user_id, p_metadata => p_metadata,
    p_github_node_id => p_github_node_id, p_comment_id => p_comment_id
  );
  perform work.check_context(p_actor => p_author);
  perform work.check_references(p_project_id => null, p_item_id => coalesce(p_item_id, ''));
  perform work.check_assignee(p_user_id => p_user_id, p_agent_id => p_agent_id);
  insert into work.comments (
    comment_id, item_id, body, author, is_ai, author_user_id, author_agent_id, github_node_id, metadata
  )
  values (
    v_id, p_item_id, p_body, coalesce(p_author, session_user), coalesce(p_is_ai, false) or p_agent_id is not null, p_user_id,
    p_agent_id, p_github_node_id, p_metadata
  )
  on conflict do nothing;
  -- A statement of its own sees the row that a session committed while the one above waited for it.
  select
    c.comment_id::text, c.item_id, c.body, c.author, c.is_ai, c.author_user_id::text, c.author_agent_id, c.github_node_id,
    c.metadata, c.created_at, c.edited_at, c.edited_by
  into v_comment
  from work.comments as c
  where (c.comment_id = v_id or c.github_node_id = p_github_node_id)
    and c.github_node_id is not distinct from p_github_node_id
    and c.item_id = p_item_id
    and c.body = p_body
    and c.deleted_at is null;
  if not found then
    raise exception using
      errcode = 'PT409', message = 'there is another comment with this id', constraint = 'comment_exists',
      detail = format('comment %s, node %s', v_id, p_github_node_id), hint = 'work.edit_comment edits that one; take another id, or none';
  end if;
  return v_comment;
end
$$;
comment on function work.add_comment(text, text, text, boolean, text, text, jsonb, text, text) is
'Adds a comment to an item; safe to repeat with an id. Errors: PT400, PT404, PT409 comment_exists, PT413 comment_limit';
alter function work.add_comment(text, text, text, boolean, text, text, jsonb, text, text) owner to pylayer_api;
revoke all on function work.add_comment(text, text, text, boolean, text, text, jsonb, text, text) from public;
grant execute on function work.add_comment(text, text, text, boolean, text, text, jsonb, text, text) to pylayer_agent;
