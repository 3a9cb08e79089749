-- Refuses a limit outside of 1 to a greatest value.
--
-- Parameters: p_limit, p_greatest: numbers of rows.
-- Errors:     PT400 invalid_limit.
create or replace function work.check_limit(p_limit integer, p_greatest integer) returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_limit is null or p_limit not between 1 and p_greatest then
    raise exception using
      errcode = 'PT400', message = 'limit is out of range', constraint = 'invalid_limit',
      detail = format('limit %s, allowed 1 to %s', p_limit, p_greatest), hint = 'read page by page';
  end if;
end
$$;
comment on function work.check_limit(integer, integer) is 'Refuses a limit outside of 1 to a greatest value';
alter function work.check_limit(integer, integer) owner to pylayer_api;
revoke all on function work.check_limit(integer, integer) from public;
