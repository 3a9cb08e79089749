-- Refuses a value of over 1 MiB: what is large is an artifact, and the value its id.
--
-- Parameters: p_what, what it is, for people; p_value, null is not checked.
-- Errors:     PT413 value_limit.
create or replace function work.check_document(p_what text, p_value jsonb) returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if pg_column_size(p_value) > 1048576 then
    raise exception using
      errcode = 'PT413', message = 'a value is too large', constraint = 'value_limit',
      detail = format('%s: %s bytes, limit 1048576', p_what, pg_column_size(p_value)),
      hint = 'write it as an artifact and keep its id';
  end if;
end
$$;
comment on function work.check_document(text, jsonb) is 'Refuses a value of over 1 MiB, which belongs in an artifact';
alter function work.check_document(text, jsonb) owner to pylayer_api;
revoke all on function work.check_document(text, jsonb) from public;
