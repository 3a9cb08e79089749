-- Refuses a status that no workflow has.
--
-- Parameters: p_status.
-- Errors:     PT400 invalid_status.
create or replace function work.check_workflow_status(p_status text) returns void
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if coalesce(p_status, '') not in ('draft', 'active', 'deprecated') then
    raise exception using
      errcode = 'PT400', message = 'this is no status of a workflow', constraint = 'invalid_status',
      detail = coalesce(left(p_status, 64), 'null'), hint = 'use draft, active or deprecated';
  end if;
end
$$;
comment on function work.check_workflow_status(text) is 'Refuses a status that no workflow has';
alter function work.check_workflow_status(text) owner to pylayer_api;
revoke all on function work.check_workflow_status(text) from public;
