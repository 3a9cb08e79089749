-- Revokes an API key for good: from the commit of this call on it is refused.
--
-- Parameters: p_key, id or prefix of the key.
-- Returns:    the key; revoked_at is that of the first call.
-- Errors:     PT404 no_key.
-- Tables:     iam.api_keys (row locked, updated).
-- Repeat:     safe.
create or replace function iam.revoke_api_key(p_key text) returns iam.api_key_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: the admin holds no right on the table
set search_path = pg_catalog, pg_temp
as $$
declare
  v_key iam.api_key_info;
begin
  update iam.api_keys as k set revoked_at = clock_timestamp()
  where (k.key_id = p_key or k.prefix = p_key) and k.revoked_at is null;
  select
    k.key_id::text, k.name, k.prefix, k.role, k.scopes, k.created_at, k.expires_at, k.revoked_at, k.last_used_at
  into v_key
  from iam.api_keys as k
  where k.key_id = p_key or k.prefix = p_key;
  if not found then  -- what was sent may be a secret: no more of it is repeated than a prefix has
    raise exception using
      errcode = 'PT404', message = 'there is no such key', constraint = 'no_key',
      detail = coalesce(left(p_key, 12), 'null'),
      hint = 'iam.list_api_keys shows ids and prefixes';
  end if;
  return v_key;
end
$$;
comment on function iam.revoke_api_key(text) is 'Revokes an API key, by id or prefix, for good. Errors: PT404 no_key';
alter function iam.revoke_api_key(text) owner to pylayer_api;
revoke all on function iam.revoke_api_key(text) from public;
grant execute on function iam.revoke_api_key(text) to pylayer_admin;
