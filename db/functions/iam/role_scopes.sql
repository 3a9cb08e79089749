-- The scopes that a key of a role may have: what the role's rights allow.
--
-- Parameters: p_role, a role that keys act as.
-- Returns:    the scopes, sorted; null for another role.
create or replace function iam.role_scopes(p_role text) returns text[]
language sql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select case
    when p_role in ('pylayer_agent', 'pylayer_admin')
      then array['artifacts:read', 'artifacts:write', 'events:read', 'events:write', 'models:read']
    when p_role = 'pylayer_analyst' then array['artifacts:read', 'events:read', 'models:read']
    when p_role = 'pylayer_auditor' then array['artifacts:read', 'models:read']
  end
$$;
comment on function iam.role_scopes(text) is 'The scopes that a key of a role may have; null for a role that keys cannot act as';
alter function iam.role_scopes(text) owner to pylayer_api;
revoke all on function iam.role_scopes(text) from public;
