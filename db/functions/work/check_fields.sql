-- Refuses the fields of a row that cannot be stored: of an item, a project, a user, an agent.
--
-- Parameters: p_fields, a JSON object; p_types, its allowed keys with the JSON types of each, such as
--             {"tags": ["object", "array", "null"]}.
-- Errors:     PT400 invalid_fields (no object), unknown_field, invalid_field (type of the value, or a text that is
--             empty or over 2000 characters); PT413 field_limit (description, prompt or document over 256 KiB).
create or replace function work.check_fields(p_fields jsonb, p_types jsonb) returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_field record;
begin
  if (jsonb_typeof(p_fields) = 'object') is not true then
    raise exception using
      errcode = 'PT400', message = 'the fields are not a JSON object', constraint = 'invalid_fields',
      detail = coalesce(jsonb_typeof(p_fields), 'null'), hint = 'send an object, such as {"priority": 1}';
  end if;
  select f.key, jsonb_typeof(f.value) as kind, p_types -> f.key as kinds into v_field
  from jsonb_each(p_fields) as f
  where not coalesce(p_types -> f.key @> to_jsonb(jsonb_typeof(f.value)), false)
    or (jsonb_typeof(f.value) = 'string' and f.key not in ('description', 'system_prompt') and length(f.value #>> '{}') not between 1 and 2000)
  order by f.key
  limit 1;
  if found and v_field.kinds is null then
    raise exception using
      errcode = 'PT400', message = 'there is no such field', constraint = 'unknown_field',
      detail = left(v_field.key, 200), hint = format('fields: %s', (
        select string_agg(k.name, ', ' order by k.name) from jsonb_object_keys(p_types) as k (name)
      ));
  elsif found then
    raise exception using
      errcode = 'PT400', message = 'a field has a value that it cannot have', constraint = 'invalid_field',
      detail = format('%s is %s', v_field.key, v_field.kind),
      hint = format('allowed: %s; a text has 1 to 2000 characters, a description or a prompt more', v_field.kinds);
  end if;
  select f.key, octet_length(f.value #>> '{}') as bytes into v_field
  from jsonb_each(p_fields) as f
  where octet_length(f.value #>> '{}') > 262144
  limit 1;
  if found then
    raise exception using
      errcode = 'PT413', message = 'a field is too large', constraint = 'field_limit',
      detail = format('%s: %s bytes, limit 262144', v_field.key, v_field.bytes), hint = 'attach what is large as an artifact';
  end if;
end
$$;
comment on function work.check_fields(jsonb, jsonb) is
'Refuses fields that cannot be stored. Errors: PT400 invalid_fields, unknown_field, invalid_field, PT413 field_limit';
alter function work.check_fields(jsonb, jsonb) owner to pylayer_api;
revoke all on function work.check_fields(jsonb, jsonb) from public;
