-- Edits what a comment says. What it said before stays in work.comment_revisions.
--
-- Parameters: p_comment_id; p_body, text of at most 256 KiB; p_actor, who edits, in words, null is the login.
-- Returns:    the comment.
-- Errors:     PT400 invalid_comment, invalid_context; PT404 no_comment (also one that was removed); PT413 comment_limit.
-- Tables:     work.comments (row locked, updated), work.comment_revisions (inserted), work.item_texts (updated).
-- Repeat:     safe: what changes nothing is no edit.
create or replace function work.edit_comment(
  p_comment_id text, p_body text, p_actor text default null
) returns work.comment_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_comment work.comment_info;
begin
  perform work.check_comment(
    p_body => p_body, p_is_ai => null, p_user_id => null, p_metadata => null, p_github_node_id => null,
    p_comment_id => null
  );
  perform work.check_context(p_actor => p_actor);
  update work.comments as c
  set body = p_body, edited_by = coalesce(p_actor, session_user)
  where c.comment_id = p_comment_id and c.body <> p_body and c.deleted_at is null;
  select
    c.comment_id::text, c.item_id, c.body, c.author, c.is_ai, c.author_user_id::text, c.author_agent_id, c.github_node_id,
    c.metadata, c.created_at, c.edited_at, c.edited_by
  into v_comment
  from work.comments as c
  where c.comment_id = p_comment_id and c.deleted_at is null;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'there is no such comment', constraint = 'no_comment',
      detail = coalesce(left(p_comment_id, 64), 'null'), hint = 'work.list_comments shows those of an item';
  end if;
  return v_comment;
end
$$;
comment on function work.edit_comment(text, text, text) is
'Edits what a comment says, and keeps what it said before; safe to repeat. Errors: PT400, PT404 no_comment, PT413 comment_limit';
alter function work.edit_comment(text, text, text) owner to pylayer_api;
revoke all on function work.edit_comment(text, text, text) from public;
grant execute on function work.edit_comment(text, text, text) to pylayer_agent;
