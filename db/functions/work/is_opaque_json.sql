-- Whether a JSON document is one that jsonb cannot hold, such as "\u0000" or 1e400000.
--
-- Parameters: p_content, a JSON document.
-- Returns:    true when only its text can be kept.
-- Errors:     PT400 invalid_json; 54001 when it is nested too deep to be read at all.
create or replace function work.is_opaque_json(p_content text) returns boolean
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if pg_input_is_valid(p_content, 'jsonb') then
    return false;
  end if;
  if not pg_input_is_valid(p_content, 'json') then
    raise exception using
      errcode = 'PT400', message = 'content is not the JSON that its mime type says', constraint = 'invalid_json',
      detail = left((select i.message from pg_input_error_info(p_content, 'json') as i), 200),
      hint = 'correct the content, or give it another mime type';
  end if;
  return true;
end
$$;
comment on function work.is_opaque_json(text) is 'Whether a JSON document is one that jsonb cannot hold';
alter function work.is_opaque_json(text) owner to pylayer_api;
revoke all on function work.is_opaque_json(text) from public;
