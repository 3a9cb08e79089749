-- Blobs, one after the other.
--
-- Parameters: p_blobs, their numbers.
-- Returns:    blobs: array of [number, type, bytes in data]; data: their bytes, one after the other.
-- Tables:     work.checkpoint_blobs (read).
create or replace function work.read_checkpoint_blobs(p_blobs bigint[], out blobs jsonb, out data bytea) returns record
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
select
    coalesce(jsonb_agg(jsonb_build_array(b.blob_id, b.serde_type, octet_length(b.data)) order by b.blob_id), '[]'),
    coalesce(string_agg(b.data, '' order by b.blob_id), '')
  from work.checkpoint_blobs as b
  where b.blob_id = any(p_blobs)
$$;
comment on function work.read_checkpoint_blobs(bigint[]) is
'Blobs, one after the other';
alter function work.read_checkpoint_blobs(bigint[]) owner to pylayer_api;
revoke all on function work.read_checkpoint_blobs(bigint[]) from public;
