-- Says who holds an API key. Unknown, expired and revoked keys are refused alike, by the same statement.
--
-- Parameters: p_key_hash, sha256 of the whole secret, lower-case hex.
-- Returns:    one row: the key's id, role and scopes, which never change, and when it expires.
-- Errors:     PT401 invalid_key.
-- Tables:     iam.api_keys (one row read by its hash; once a minute locked and updated, unless another session holds it or
--             the transaction is read-only). The lock ends with the caller's transaction: commit before anything slow.
-- Repeat:     safe.
create or replace function iam.authenticate(p_key_hash text)
returns table (key_id text, role text, scopes text[], expires_at timestamptz)
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: nobody else reads the table
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_now timestamptz := clock_timestamp();
  v_last_used_at timestamptz;
begin
  select k.key_id::text, k.role, k.scopes, k.expires_at, k.last_used_at
  into authenticate.key_id, authenticate.role, authenticate.scopes, authenticate.expires_at, v_last_used_at
  from iam.api_keys as k
  where k.key_hash = p_key_hash and k.revoked_at is null and (k.expires_at is null or k.expires_at > v_now);
  if not found then
    raise exception using
      errcode = 'PT401', message = 'the API key is not valid', constraint = 'invalid_key',
      detail = 'unknown, expired or revoked', hint = 'use a key that is neither expired nor revoked';
  end if;
  if (v_last_used_at > v_now - interval '1 minute') is not true
    and not current_setting('transaction_read_only')::boolean then
    update iam.api_keys as k set last_used_at = v_now
    where k.key_id = (
      select u.key_id from iam.api_keys as u
      where u.key_id = authenticate.key_id and (u.last_used_at > v_now - interval '1 minute') is not true
      for no key update skip locked
    );
  end if;
  return next;
end
$$;
comment on function iam.authenticate(text) is
'Who holds the API key with a hash; notes its use once a minute. Errors: PT401 invalid_key, whatever is wrong with it';
alter function iam.authenticate(text) owner to pylayer_api;
revoke all on function iam.authenticate(text) from public;
grant execute on function iam.authenticate(text) to pylayer_admin, pylayer_agent, pylayer_analyst, pylayer_auditor;
