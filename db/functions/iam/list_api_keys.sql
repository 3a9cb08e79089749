-- API keys in the order in which they were made, expired ones too.
--
-- Parameters: p_include_revoked, whether to list those that were revoked.
-- Returns:    the keys, without their hashes.
-- Tables:     iam.api_keys (read).
create or replace function iam.list_api_keys(p_include_revoked boolean default false) returns setof iam.api_key_info
language sql stable parallel safe security definer  -- definer on purpose: the admin holds no right on the table
set search_path = pg_catalog, pg_temp
as $$
  select
    k.key_id,
    k.name,
    k.prefix,
    k.role,
    k.scopes,
    k.created_at,
    k.expires_at,
    k.revoked_at,
    k.last_used_at
  from iam.api_keys as k
  where k.revoked_at is null or p_include_revoked
  order by k.created_at, k.key_id
$$;
comment on function iam.list_api_keys(boolean) is 'API keys in the order in which they were made, without their hashes';
alter function iam.list_api_keys(boolean) owner to pylayer_api;
revoke all on function iam.list_api_keys(boolean) from public;
grant execute on function iam.list_api_keys(boolean) to pylayer_admin;
