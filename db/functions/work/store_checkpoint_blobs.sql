-- Stores blobs for a thread, each once, and notes that the thread uses them.
--
-- Whoever removes a blob locks its row first, and looks for uses after that. So here the rows that the thread does not use yet
-- are locked before the use is noted: either the use is seen there, or the row is found gone here and stored anew.
--
-- Parameters:
--   p_thread_key  thread, locked by work.lock_checkpoint_thread
--   p_blobs       array of [sha256 in hex, type, bytes in p_data]; null bytes: not sent, since it should be stored already
--   p_data        the sent ones' bytes, one after the other
-- Returns: the blobs' numbers, in the order of p_blobs; null when one that was not sent is not stored.
-- Errors:  PT400 invalid_blobs; PT409 hash_mismatch.
-- Tables:  work.checkpoint_blobs (inserted, rows locked in the order of their hashes), work.checkpoint_blob_uses (inserted).
-- Repeat:  safe.
create or replace function work.store_checkpoint_blobs(p_thread_key bigint, p_blobs jsonb, p_data bytea) returns bigint[]
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_hashes bytea[];
  v_types text[];
  v_pieces bytea[];
  v_blobs bigint[];
begin
  if p_blobs = '[]' and p_data = '' then
    return '{}'::bigint[];
  end if;
  select array_agg(g.hash order by g.nth), array_agg(g.serde_type order by g.nth), array_agg(g.piece order by g.nth)
  into v_hashes, v_types, v_pieces
  from work.given_checkpoint_blobs(p_blobs => p_blobs, p_data => p_data) as g;
  if exists (
    select from unnest(v_hashes, v_pieces) as g (hash, piece) where g.piece is not null and sha256(g.piece) <> g.hash
  ) then
    raise exception using
      errcode = 'PT409', message = 'the bytes do not have the hash that was given', constraint = 'hash_mismatch',
      detail = format('%s blobs', cardinality(v_hashes)), hint = 'hash the exact bytes that are sent, with sha256';
  end if;
  loop
    insert into work.checkpoint_blobs (content_hash, serde_type, data)
    select g.hash, g.serde_type, g.piece
    from unnest(v_hashes, v_types, v_pieces) as g (hash, serde_type, piece)
    where g.piece is not null
      and not exists (
        select from work.checkpoint_blobs as b where b.content_hash = g.hash and b.serde_type = g.serde_type
      )
    order by g.hash, g.serde_type
    on conflict do nothing;
    perform from unnest(v_hashes, v_types) as g (hash, serde_type)
    join work.checkpoint_blobs as b on b.content_hash = g.hash and b.serde_type = g.serde_type
    where not exists (
      select from work.checkpoint_blob_uses as u where u.thread_key = p_thread_key and u.blob_id = b.blob_id
    )
    order by b.content_hash, b.serde_type
    for key share of b;
    select array_agg(b.blob_id order by g.nth) into v_blobs
    from unnest(v_hashes, v_types) with ordinality as g (hash, serde_type, nth)
    left join work.checkpoint_blobs as b on b.content_hash = g.hash and b.serde_type = g.serde_type;
    exit when array_position(v_blobs, null) is null;
    if exists (select from unnest(v_blobs, v_pieces) as g (blob_id, piece) where g.blob_id is null and g.piece is null) then
      return null;
    end if;
  end loop;
  insert into work.checkpoint_blob_uses (thread_key, blob_id)
  select distinct p_thread_key, g.blob_id
  from unnest(v_blobs) as g (blob_id)
  where not exists (
    select from work.checkpoint_blob_uses as u where u.thread_key = p_thread_key and u.blob_id = g.blob_id
  )
  order by g.blob_id
  on conflict do nothing;
  return v_blobs;
end
$$;
comment on function work.store_checkpoint_blobs(bigint, jsonb, bytea) is
'Stores blobs for a thread, each once; null when one that was not sent is not stored. Errors: PT400 invalid_blobs, PT409 hash_mismatch';
alter function work.store_checkpoint_blobs(bigint, jsonb, bytea) owner to pylayer_api;
revoke all on function work.store_checkpoint_blobs(bigint, jsonb, bytea) from public;
