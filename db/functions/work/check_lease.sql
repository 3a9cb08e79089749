-- Refuses a length of a lease that is none.
--
-- Parameters: p_lease_seconds, seconds.
-- Errors:     PT400 invalid_lease.
create or replace function work.check_lease(p_lease_seconds integer)
returns void
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if (p_lease_seconds between 1 and 3600) is not true then
    raise exception using
      errcode = 'PT400', message = 'the length of the lease is out of range', constraint = 'invalid_lease',
      detail = coalesce(p_lease_seconds::text, 'null'), hint = '1 to 3600 seconds; heartbeats extend it';
  end if;
end
$$;
comment on function work.check_lease(integer) is
'Refuses a length of a lease that is none. Errors: PT400 invalid_lease';
alter function work.check_lease(integer) owner to pylayer_api;
revoke all on function work.check_lease(integer) from public;
