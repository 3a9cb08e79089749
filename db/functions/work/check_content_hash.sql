-- Refuses what is not a sha256 in lower-case hex.
--
-- Parameters: p_content_hash.
-- Errors:     PT400 invalid_content_hash.
create or replace function work.check_content_hash(p_content_hash text) returns void
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_content_hash is null or p_content_hash !~ '^[0-9a-f]{64}$' then
    raise exception using
      errcode = 'PT400', message = 'content_hash is not a sha256', constraint = 'invalid_content_hash',
      detail = coalesce(left(p_content_hash, 80), 'null'), hint = 'send 64 characters of lower-case hex';
  end if;
end
$$;
comment on function work.check_content_hash(text) is 'Refuses what is not a sha256 in lower-case hex';
alter function work.check_content_hash(text) owner to pylayer_api;
revoke all on function work.check_content_hash(text) from public;
