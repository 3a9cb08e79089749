-- After checkpoints or writes of threads are removed: forgets which blobs they no longer use, and removes those that no thread
-- uses. A blob whose row somebody else has locked stays for work.remove_unused_checkpoint_blobs, so that nobody waits here.
--
-- Parameters: p_threads, numbers of threads, locked by work.lock_checkpoint_threads.
-- Returns:    how many blobs were removed.
-- Tables:     work.checkpoints, work.checkpoint_writes (read), work.checkpoint_blob_uses (deleted), work.checkpoint_blobs
--             (rows locked where nobody has, deleted), in this order.
-- Repeat:     safe.
create or replace function work.release_checkpoint_blobs(p_threads bigint[]) returns bigint
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_blobs bigint[];
begin
  with live as (
    select c.thread_key, r.blob_id
    from work.checkpoints as c, work.referenced_blob_ids(c.channel_values) as r (blob_id)
    where c.thread_key = any(p_threads)
    union
    select w.thread_key, r.blob_id
    from work.checkpoint_writes as w, work.referenced_write_blob_ids(w.writes) as r (blob_id)
    where w.thread_key = any(p_threads)
  ),
  released as (
    delete from work.checkpoint_blob_uses as u
    where u.thread_key = any(p_threads) and not exists (
      select from live as l where l.thread_key = u.thread_key and l.blob_id = u.blob_id
    )
    returning u.blob_id
  )
  select array_agg(distinct r.blob_id) into v_blobs from released as r;
  return work.remove_blobs_without_use(p_blobs => v_blobs);
end
$$;
comment on function work.release_checkpoint_blobs(bigint[]) is
'Forgets which blobs threads no longer use, and removes those that no thread uses';
alter function work.release_checkpoint_blobs(bigint[]) owner to pylayer_api;
revoke all on function work.release_checkpoint_blobs(bigint[]) from public;
