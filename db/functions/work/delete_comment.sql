-- Marks a comment as removed: neither work.list_comments nor search finds it any more.
--
-- Parameters: p_comment_id.
-- Returns:    true when this call did it, false when it was removed before.
-- Errors:     PT404 no_comment.
-- Tables:     work.comments (row locked, updated), work.item_texts (deleted).
-- Repeat:     safe.
create or replace function work.delete_comment(p_comment_id text) returns boolean
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
begin
  update work.comments as c set deleted_at = clock_timestamp() where c.comment_id = p_comment_id and c.deleted_at is null;
  if found then
    return true;
  end if;
  if not exists (select from work.comments as c where c.comment_id = p_comment_id) then
    raise exception using
      errcode = 'PT404', message = 'there is no such comment', constraint = 'no_comment',
      detail = coalesce(left(p_comment_id, 64), 'null'), hint = 'work.list_comments shows those of an item';
  end if;
  return false;
end
$$;
comment on function work.delete_comment(text) is
'Marks a comment as removed; safe to repeat. Errors: PT404 no_comment';
alter function work.delete_comment(text) owner to pylayer_api;
revoke all on function work.delete_comment(text) from public;
grant execute on function work.delete_comment(text) to pylayer_agent;
