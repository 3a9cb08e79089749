-- Turns the places of blobs, as a caller gives them, into their numbers.
--
-- Parameters:
--   p_values    object of references; numbers in them are places in p_blob_ids, from 0; null is the value of p_same
--   p_blob_ids  numbers of the blobs that the call stored
--   p_same      references to take over
-- Returns: the object of references.
-- Errors:  PT400 invalid_reference.
create or replace function work.resolve_checkpoint_values(
  p_values jsonb, p_blob_ids bigint[], p_same jsonb default '{}'
) returns jsonb
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_values jsonb;
begin
  if jsonb_typeof(p_values) is distinct from 'object' then
    raise exception using
      errcode = 'PT400', message = 'values are not an object', constraint = 'invalid_reference',
      detail = coalesce(jsonb_typeof(p_values), 'null'), hint = 'give an object of references';
  end if;
  select
    coalesce(
      jsonb_object_agg(
        e.key,
        case jsonb_typeof(e.value)
          when 'null' then p_same -> e.key
          when 'string' then e.value
          when 'number' then case when e.value between '0' and '999999' then to_jsonb(p_blob_ids[e.value::integer + 1]) end
          when 'array' then (
            select coalesce(
              jsonb_agg(
                case jsonb_typeof(s.value)
                  when 'string' then s.value
                  when 'number' then case when s.value between '0' and '999999' then to_jsonb(p_blob_ids[s.value::integer + 1]) end
                end order by s.nth
              ), '[]'
            )
            from jsonb_array_elements(e.value) with ordinality as s (value, nth)
          )
        end
      ), '{}'
    )
  into v_values
  from jsonb_each(p_values) as e (key, value);
  if jsonb_path_exists(v_values, '$.*[*] ? (@ == null)') then
    raise exception using
      errcode = 'PT400', message = 'a value refers to no blob of this call', constraint = 'invalid_reference',
      detail = format('%s blobs', cardinality(p_blob_ids)), hint = 'a number is a place in p_blobs, from 0';
  end if;
  return v_values;
end
$$;
comment on function work.resolve_checkpoint_values(jsonb, bigint[], jsonb) is
'Turns the places of blobs, as a caller gives them, into their numbers. Errors: PT400 invalid_reference';
alter function work.resolve_checkpoint_values(jsonb, bigint[], jsonb) owner to pylayer_api;
revoke all on function work.resolve_checkpoint_values(jsonb, bigint[], jsonb) from public;
