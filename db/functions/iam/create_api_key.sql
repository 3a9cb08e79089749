-- Registers an API key. Its secret is made and hashed by the caller, and never sent here.
--
-- Parameters:
--   p_name        what the key is for, 1 to 200 characters
--   p_prefix      first characters of the secret, by which people know the key: 4 to 20 of A-Z, a-z, 0-9, _ and -
--   p_key_hash    sha256 of the whole secret, lower-case hex
--   p_role        database role that its requests run under
--   p_scopes      events:write, events:read, artifacts:write, artifacts:read, models:read; null is all that the role may,
--                 an empty array is none
--   p_expires_at  from when on it is refused; null is never
-- Returns: the key, without its hash.
-- Errors:  PT400 invalid_name, invalid_prefix, invalid_key_hash, invalid_role, invalid_scopes, invalid_expiry;
--          PT409 key_exists: the prefix or the hash belongs to a key that says something else, or is revoked.
-- Tables:  iam.api_keys (inserted).
-- Repeat:  safe with the same values.
create or replace function iam.create_api_key(
  p_name text,
  p_prefix text,
  p_key_hash text,
  p_role text default 'pylayer_agent',
  p_scopes text[] default null,
  p_expires_at timestamptz default null
) returns iam.api_key_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: the admin holds no right on the table
set search_path = pg_catalog, pg_temp
as $$
declare
  v_allowed text[] := iam.role_scopes(p_role => p_role);
  v_scopes text[] := array(select distinct s.scope from unnest(coalesce(p_scopes, v_allowed)) as s (scope) order by s.scope);
  v_key iam.api_key_info;
begin
  perform iam.check_api_key(
    p_name => p_name, p_prefix => p_prefix, p_key_hash => p_key_hash, p_role => p_role, p_scopes => v_scopes,
    p_expires_at => p_expires_at
  );
  insert into iam.api_keys (name, prefix, key_hash, role, scopes, expires_at)
  values (p_name, p_prefix, p_key_hash, p_role, v_scopes, p_expires_at)
  on conflict do nothing;
  -- A statement of its own sees the row that a session committed while the one above waited for it.
  select
    k.key_id::text, k.name, k.prefix, k.role, k.scopes, k.created_at, k.expires_at, k.revoked_at, k.last_used_at
  into v_key
  from iam.api_keys as k
  where k.key_hash = p_key_hash
    and k.prefix = p_prefix
    and k.name = p_name
    and k.role = p_role
    and k.scopes = v_scopes
    and k.expires_at is not distinct from p_expires_at
    and k.revoked_at is null;
  if not found then
    raise exception using
      errcode = 'PT409', message = 'there is another key with this prefix or hash', constraint = 'key_exists',
      detail = format('prefix %s', p_prefix), hint = 'make a new secret';
  end if;
  return v_key;
end
$$;
comment on function iam.create_api_key(text, text, text, text, text[], timestamptz) is
'Registers an API key by the hash of its secret; safe to repeat. Errors: PT400, PT409 key_exists';
alter function iam.create_api_key(text, text, text, text, text[], timestamptz) owner to pylayer_api;
revoke all on function iam.create_api_key(text, text, text, text, text[], timestamptz) from public;
grant execute on function iam.create_api_key(text, text, text, text, text[], timestamptz) to pylayer_admin;
