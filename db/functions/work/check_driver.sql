-- Refuses a driver of a run whose name has no ULID at its end, and a status or a time that it cannot give.
--
-- Parameters: p_worker, p_status, p_alive_seconds, as work.record_execution takes them.
-- Errors:     PT400 invalid_name, invalid_status, invalid_lease.
create or replace function work.check_driver(p_worker text, p_status text, p_alive_seconds integer) returns void
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_worker is null or octet_length(p_worker) > 200 or p_worker !~ '[0-7][0-9A-HJKMNP-TV-Z]{25}$' then
    raise exception using
      errcode = 'PT400', message = 'this is no name of a driver', constraint = 'invalid_name',
      detail = coalesce(left(p_worker, 64), 'null'), hint = 'end it with a ULID; use at most 200 bytes of UTF-8';
  end if;
  if p_status not in ('waiting', 'completed', 'failed', 'cancelled') then
    raise exception using
      errcode = 'PT400', message = 'a driver does not give a run this status', constraint = 'invalid_status',
      detail = left(p_status, 64), hint = 'use waiting, completed, failed or cancelled';
  end if;
  if p_alive_seconds is null or p_alive_seconds not between 1 and 86400 then
    raise exception using
      errcode = 'PT400', message = 'a time to live is out of range', constraint = 'invalid_lease',
      detail = coalesce(p_alive_seconds::text, 'null'), hint = 'use 1 to 86400 seconds';
  end if;
end
$$;
comment on function work.check_driver(text, text, integer) is
'Refuses a malformed name, status or time of who drives a run. Errors: PT400 invalid_name, invalid_status, invalid_lease';
alter function work.check_driver(text, text, integer) owner to pylayer_api;
revoke all on function work.check_driver(text, text, integer) from public;
