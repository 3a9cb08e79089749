-- The sha256 of content that is to stand inline, after checking its size and the hash that the caller claims.
--
-- Parameters: p_content, UTF-8 text; p_content_hash, sha256 that the caller computed, hex, or null.
-- Returns:    sha256 of the content's bytes, lower-case hex.
-- Errors:     PT400 missing_content, invalid_content_hash; PT409 hash_mismatch; PT413 inline_limit.
-- Tables:     core.settings (read).
create or replace function work.inline_content_hash(p_content text, p_content_hash text) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_limit integer := (select s.inline_limit_bytes from core.settings as s);
  v_hash text;
begin
  if p_content is null then
    raise exception using
      errcode = 'PT400', message = 'content is missing', constraint = 'missing_content', detail = 'content is null',
      hint = 'send the content as text; empty text is content';
  end if;
  if octet_length(p_content) > v_limit then
    raise exception using
      errcode = 'PT413', message = 'content is too large to stand inline', constraint = 'inline_limit',
      detail = format('%s bytes, limit %s', octet_length(p_content), v_limit),
      hint = 'write it to object storage: work.begin_upload, then work.commit_upload';
  end if;
  v_hash := encode(sha256(convert_to(p_content, 'UTF8')), 'hex');
  if p_content_hash <> v_hash then
    perform work.check_content_hash(p_content_hash => p_content_hash);
    raise exception using
      errcode = 'PT409', message = 'content does not have the given hash', constraint = 'hash_mismatch',
      detail = format('given %s, computed %s', p_content_hash, v_hash),
      hint = 'the hash is the sha256 of the exact UTF-8 bytes, lower-case hex';
  end if;
  return v_hash;
end
$$;
comment on function work.inline_content_hash(text, text) is
'sha256 of inline content, after checking its size and a claimed hash';
alter function work.inline_content_hash(text, text) owner to pylayer_api;
revoke all on function work.inline_content_hash(text, text) from public;
