-- Refuses a comment that cannot be stored.
--
-- Parameters: as work.add_comment.
-- Errors:     PT400 invalid_comment, invalid_comment_id; PT413 comment_limit.
create or replace function work.check_comment(
  p_body text, p_is_ai boolean, p_user_id text, p_metadata jsonb, p_github_node_id text, p_comment_id text
) returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if (octet_length(p_body) > 0) is not true
    or (p_is_ai and p_user_id is not null)
    or jsonb_typeof(p_metadata) <> 'object'
    or length(p_github_node_id) not between 1 and 200
  then
    raise exception using
      errcode = 'PT400', message = 'the comment cannot be stored so', constraint = 'invalid_comment',
      detail = format(
        'body of %s bytes, is_ai %s, user %s, metadata %s, github_node_id of %s characters', octet_length(p_body), p_is_ai,
        left(p_user_id, 64), jsonb_typeof(p_metadata), length(p_github_node_id)
      ),
      hint = 'a text, of an AI or of a user, metadata as an object, a node id of 1 to 200 characters';
  end if;
  if p_comment_id !~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$' then
    raise exception using
      errcode = 'PT400', message = 'comment_id is not a ULID', constraint = 'invalid_comment_id',
      detail = left(p_comment_id, 64), hint = 'a ULID is 26 characters of upper-case Crockford base32';
  end if;
  if greatest(octet_length(p_body), pg_column_size(p_metadata)) > 262144 then
    raise exception using
      errcode = 'PT413', message = 'the comment is too large', constraint = 'comment_limit',
      detail = format('bytes: body %s, metadata %s, limit of each 262144', octet_length(p_body), pg_column_size(p_metadata)),
      hint = 'attach what is large as an artifact';
  end if;
end
$$;
comment on function work.check_comment(text, boolean, text, jsonb, text, text) is
'Refuses a comment that cannot be stored. Errors: PT400 invalid_comment, invalid_comment_id, PT413 comment_limit';
alter function work.check_comment(text, boolean, text, jsonb, text, text) owner to pylayer_api;
revoke all on function work.check_comment(text, boolean, text, jsonb, text, text) from public;
