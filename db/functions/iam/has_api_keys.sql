-- Whether anybody holds an API key that authenticates.
--
-- Tables: iam.api_keys (read).
create or replace function iam.has_api_keys() returns boolean
language sql stable parallel safe security definer  -- definer on purpose: nobody else reads the table
set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select from iam.api_keys as k
    where k.revoked_at is null and (k.expires_at is null or k.expires_at > statement_timestamp())
  )
$$;
comment on function iam.has_api_keys() is 'Whether there is an API key that is neither expired nor revoked';
alter function iam.has_api_keys() owner to pylayer_api;
revoke all on function iam.has_api_keys() from public;
grant execute on function iam.has_api_keys() to pylayer_admin, pylayer_agent, pylayer_analyst, pylayer_auditor;
