-- Refuses what a new API key cannot be.
--
-- Parameters: as iam.create_api_key; p_scopes, not null.
-- Errors:     PT400 invalid_name, invalid_prefix, invalid_key_hash, invalid_role, invalid_scopes, invalid_expiry.
create or replace function iam.check_api_key(
  p_name text, p_prefix text, p_key_hash text, p_role text, p_scopes text[], p_expires_at timestamptz
) returns void
language plpgsql volatile parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_allowed text[] := iam.role_scopes(p_role => p_role);
begin
  if coalesce(length(btrim(p_name)), 0) not between 1 and 200 then
    raise exception using
      errcode = 'PT400', message = 'the name is missing or too long', constraint = 'invalid_name',
      detail = format('%s characters', length(p_name)), hint = 'say in 1 to 200 characters what the key is for';
  elsif (p_prefix ~ '^[A-Za-z0-9_-]{4,20}$') is not true then
    raise exception using
      errcode = 'PT400', message = 'the prefix is malformed', constraint = 'invalid_prefix',
      detail = format('%s characters', length(p_prefix)), hint = '4 to 20 of A-Z, a-z, 0-9, _ and -';
  elsif (p_key_hash ~ '^[0-9a-f]{64}$') is not true then  -- what was sent may be the secret itself: it is not repeated
    raise exception using
      errcode = 'PT400', message = 'the hash is malformed', constraint = 'invalid_key_hash',
      detail = format('%s characters', length(p_key_hash)), hint = 'sha256 of the whole secret, 64 digits of lower-case hex';
  elsif v_allowed is null then
    raise exception using
      errcode = 'PT400', message = 'no key can act as this role', constraint = 'invalid_role',
      detail = coalesce(left(p_role, 64), 'null'),
      hint = 'pylayer_agent, pylayer_analyst, pylayer_auditor or pylayer_admin';
  elsif (p_scopes <@ v_allowed) is not true then
    raise exception using
      errcode = 'PT400', message = 'the role has no such scope', constraint = 'invalid_scopes',
      detail = left(array_to_string(p_scopes, ', ', 'null'), 200),
      hint = format('%s may have %s', p_role, array_to_string(v_allowed, ', '));
  elsif p_expires_at <= clock_timestamp() or p_expires_at > '9999-12-31 00:00:00+00' then
    raise exception using
      errcode = 'PT400', message = 'the key would have expired already, or never would', constraint = 'invalid_expiry',
      detail = p_expires_at::text, hint = 'a time to come before the year 10000; null for a key that does not expire';
  end if;
end
$$;
comment on function iam.check_api_key(text, text, text, text, text[], timestamptz) is
'Refuses what a new API key cannot be. Errors: PT400';
alter function iam.check_api_key(text, text, text, text, text[], timestamptz) owner to pylayer_api;
revoke all on function iam.check_api_key(text, text, text, text, text[], timestamptz) from public;
