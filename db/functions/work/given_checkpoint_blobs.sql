-- Takes the blobs of a call apart.
--
-- Parameters: p_blobs, array of [sha256 in hex, type, bytes in p_data or null]; p_data, the bytes one after the other.
-- Returns:    one row a blob; piece is null for one that was not sent.
-- Errors:     PT400 invalid_blobs: not of this form, or the bytes do not add up to p_data.
create or replace function work.given_checkpoint_blobs(p_blobs jsonb, p_data bytea)
returns table (nth bigint, hash bytea, serde_type text, piece bytea)
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if jsonb_typeof(p_blobs) is distinct from 'array'
    or p_data is null
    or exists (
      select from jsonb_array_elements(p_blobs) as b (entry)
      where jsonb_typeof(b.entry) <> 'array'
        or b.entry ->> 0 !~ '^[0-9a-f]{64}$'
        or length(b.entry ->> 1) not between 1 and 100
        or b.entry ->> 2 !~ '^[0-9]{1,9}$'
        or num_nulls(b.entry ->> 0, b.entry ->> 1) > 0
    )
    or (select coalesce(sum((b.entry ->> 2)::bigint), 0) from jsonb_array_elements(p_blobs) as b (entry))
    <> octet_length(p_data)
  then
    raise exception using
      errcode = 'PT400', message = 'blobs are not of the form that is expected', constraint = 'invalid_blobs',
      detail = format('%s bytes of data', octet_length(p_data)),
      hint = 'give an array of [sha256 in hex, type, bytes or null], and the bytes one after the other';
  end if;
  return query
  select
    b.nth,
    decode(b.entry ->> 0, 'hex'),
    b.entry ->> 1,
    substring(p_data, (b.until - (b.entry ->> 2)::bigint)::integer + 1, (b.entry ->> 2)::integer)
  from (
    select e.entry, e.nth, sum((e.entry ->> 2)::bigint) over (order by e.nth) as until
    from jsonb_array_elements(p_blobs) with ordinality as e (entry, nth)
  ) as b;
end
$$;
comment on function work.given_checkpoint_blobs(jsonb, bytea) is
'Takes the blobs of a call apart. Errors: PT400 invalid_blobs';
alter function work.given_checkpoint_blobs(jsonb, bytea) owner to pylayer_api;
revoke all on function work.given_checkpoint_blobs(jsonb, bytea) from public;
