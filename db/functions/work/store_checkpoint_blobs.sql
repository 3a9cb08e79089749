-- Stores blobs for a thread, each once, and notes that the thread uses them.
--
-- Whoever removes a blob locks its row first, and looks for uses after that. So here the rows that the thread does not use yet,
-- and that this call did not insert, are locked before the use is noted: either the use is seen there, or the row is found gone
-- here and stored anew.
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
set plan_cache_mode = force_generic_plan  -- the lengths of the arrays would have each call planned anew
as $$
declare
  v_hashes bytea[];
  v_types text[];
  v_pieces bytea[];
  v_blobs bigint[];
  v_is_repeat boolean := false;
begin
  if p_blobs = '[]' and p_data = '' then
    return '{}'::bigint[];
  end if;
  select s.hashes, s.serde_types, s.pieces into v_hashes, v_types, v_pieces
  from work.split_checkpoint_blobs(p_blobs => p_blobs, p_data => p_data) as s;
  loop
    v_blobs := array(
      select (
        select b.blob_id
        from work.checkpoint_blobs as b
        join work.checkpoint_blob_uses as u on u.thread_key = p_thread_key and u.blob_id = b.blob_id
        where b.content_hash = g.hash and b.serde_type = g.serde_type
      )
      from unnest(v_hashes, v_types) with ordinality as g (hash, serde_type, nth)
      order by g.nth
    );
    exit when array_position(v_blobs, null) is null;
    if v_is_repeat and exists (
      select from unnest(v_blobs, v_pieces) as g (blob_id, piece) where g.blob_id is null and g.piece is null
    ) then
      return null;
    end if;

    with given as materialized (
      select g.hash, g.serde_type, g.piece, g.blob_id, g.nth
      from unnest(v_hashes, v_types, v_pieces, v_blobs) with ordinality as g (hash, serde_type, piece, blob_id, nth)
    ),
    stored as (
      insert into work.checkpoint_blobs (content_hash, serde_type, data)
      select g.hash, g.serde_type, g.piece
      from given as g
      where g.blob_id is null and g.piece is not null and not exists (
        select from work.checkpoint_blobs as b where b.content_hash = g.hash and b.serde_type = g.serde_type
      )
      order by g.hash, g.serde_type
      on conflict do nothing
      returning blob_id, content_hash, serde_type
    ),
    used as (
      insert into work.checkpoint_blob_uses (thread_key, blob_id)
      select p_thread_key, s.blob_id from stored as s
    )
    select array_agg(coalesce(g.blob_id, s.blob_id) order by g.nth) into v_blobs
    from given as g
    left join stored as s on s.content_hash = g.hash and s.serde_type = g.serde_type;
    exit when array_position(v_blobs, null) is null;

    with found as (
      select b.blob_id
      from unnest(v_hashes, v_types, v_blobs) as g (hash, serde_type, blob_id)
      join work.checkpoint_blobs as b on b.content_hash = g.hash and b.serde_type = g.serde_type
      where g.blob_id is null and not exists (
        select from work.checkpoint_blob_uses as u where u.thread_key = p_thread_key and u.blob_id = b.blob_id
      )
      order by b.content_hash, b.serde_type
      for key share of b
    )
    insert into work.checkpoint_blob_uses (thread_key, blob_id)
    select p_thread_key, f.blob_id from found as f
    on conflict do nothing;
    v_is_repeat := true;
  end loop;
  return v_blobs;
end
$$;
comment on function work.store_checkpoint_blobs(bigint, jsonb, bytea) is
'Stores blobs for a thread, each once; null when one that was not sent is not stored. Errors: PT400 invalid_blobs, PT409 hash_mismatch';
alter function work.store_checkpoint_blobs(bigint, jsonb, bytea) owner to pylayer_api;
revoke all on function work.store_checkpoint_blobs(bigint, jsonb, bytea) from public;
