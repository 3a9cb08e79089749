-- Takes the blobs of a call apart. A loop, since there are few: a query over the array costs several times as much to start.
--
-- Parameters: p_blobs, array of [sha256 in hex, type, bytes in p_data or null]; p_data, the bytes one after the other.
-- Returns:    three arrays in the order of p_blobs; the piece is null for a blob that was not sent.
-- Errors:     PT400 invalid_blobs: not of this form, or the bytes do not add up to p_data; PT409 hash_mismatch.
create or replace function work.split_checkpoint_blobs(
  p_blobs jsonb, p_data bytea, out hashes bytea[], out serde_types text[], out pieces bytea[]
) returns record
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_blob jsonb;
  v_hash text;
  v_piece bytea;
  v_size integer;
  v_end integer := 0;
  v_valid boolean := jsonb_typeof(p_blobs) is not distinct from 'array';
begin
  for v_nth in 0 .. case when v_valid then jsonb_array_length(p_blobs) else 0 end - 1 loop
    v_blob := p_blobs -> v_nth;
    v_hash := v_blob ->> 0;
    v_size := case when v_blob ->> 2 ~ '^[0-9]{1,9}$' then (v_blob ->> 2)::integer end;
    v_valid := coalesce(
      length(v_hash) = 64 and ltrim(v_hash, '0123456789abcdef') = '' and length(v_blob ->> 1) between 1 and 100
      and (v_blob -> 2 = 'null' or v_end + v_size <= octet_length(p_data)),
      false
    );
    exit when not v_valid;
    v_piece := substring(p_data, v_end + 1, v_size);
    v_end := v_end + coalesce(v_size, 0);
    hashes := array_append(hashes, decode(v_hash, 'hex'));
    serde_types := array_append(serde_types, v_blob ->> 1);
    pieces := array_append(pieces, v_piece);
    if sha256(v_piece) <> decode(v_hash, 'hex') then
      raise exception using
        errcode = 'PT409', message = 'the bytes do not have the hash that was given', constraint = 'hash_mismatch',
        detail = format('blob %s', v_nth), hint = 'hash the exact bytes that are sent, with sha256';
    end if;
  end loop;
  if not v_valid or v_end is distinct from octet_length(p_data) then
    raise exception using
      errcode = 'PT400', message = 'blobs are not of the form that is expected', constraint = 'invalid_blobs',
      detail = format('%s bytes of data', octet_length(p_data)),
      hint = 'give an array of [sha256 in hex, type, bytes or null], and the bytes one after the other';
  end if;
end
$$;
comment on function work.split_checkpoint_blobs(jsonb, bytea) is
'Takes the blobs of a call apart. Errors: PT400 invalid_blobs, PT409 hash_mismatch';
alter function work.split_checkpoint_blobs(jsonb, bytea) owner to pylayer_api;
revoke all on function work.split_checkpoint_blobs(jsonb, bytea) from public;
