-- Refuses a name or an id that is blank or too long. Null is refused too.
--
-- Parameters: p_what, what it is, for people; p_value; p_bytes, its greatest length in bytes of UTF-8.
-- Errors:     PT400 invalid_name.
create or replace function work.check_run_text(p_what text, p_value text, p_bytes integer) returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_value is null or btrim(p_value) = '' or octet_length(p_value) > p_bytes then
    raise exception using
      errcode = 'PT400', message = 'a name or an id is missing or too long', constraint = 'invalid_name',
      detail = format('%s: %s', p_what, coalesce(left(p_value, 64), 'null')),
      hint = format('use 1 to %s bytes of UTF-8', p_bytes);
  end if;
end
$$;
comment on function work.check_run_text(text, text, integer) is 'Refuses a name or an id that is blank or too long';
alter function work.check_run_text(text, text, integer) owner to pylayer_api;
revoke all on function work.check_run_text(text, text, integer) from public;
