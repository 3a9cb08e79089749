-- Removes checkpoints of threads, the writes after them, and what no thread uses any more.
--
-- Parameters:
--   p_threads  numbers of threads, locked by work.lock_checkpoint_threads
--   p_keys     array of [thread_key, checkpoint_ns, checkpoint_id]
-- Returns: how many checkpoints were removed, and how many blobs.
-- Tables:  work.checkpoints (deleted, updated), work.checkpoint_writes (deleted), then as work.release_checkpoint_blobs.
-- Repeat:  safe.
create or replace function work.remove_checkpoints(
  p_threads bigint[],
  p_keys jsonb,
  out checkpoints bigint,
  out blobs bigint
) returns record
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
begin
  with doomed as (
    select (k.key ->> 0)::bigint as thread_key, k.key ->> 1 as checkpoint_ns, k.key ->> 2 as checkpoint_id
    from jsonb_array_elements(p_keys) as k (key)
  ),
  written as (
    delete from work.checkpoint_writes as w using doomed as d
    where (w.thread_key, w.checkpoint_ns, w.checkpoint_id) = (d.thread_key, d.checkpoint_ns, d.checkpoint_id)
  ),
  removed as (
    delete from work.checkpoints as c using doomed as d
    where (c.thread_key, c.checkpoint_ns, c.checkpoint_id) = (d.thread_key, d.checkpoint_ns, d.checkpoint_id)
    returning c.thread_key
  )
  select count(*) into checkpoints from removed as r;
  -- A child of what is gone has no parent to go back to.
  update work.checkpoints as c
  set parent_checkpoint_id = null
  where c.thread_key = any(p_threads) and c.parent_checkpoint_id is not null and not exists (
    select from work.checkpoints as p
    where p.thread_key = c.thread_key and p.checkpoint_ns = c.checkpoint_ns and p.checkpoint_id = c.parent_checkpoint_id
  );
  blobs := work.release_checkpoint_blobs(p_threads => p_threads);
end
$$;
comment on function work.remove_checkpoints(bigint[], jsonb) is
'Removes checkpoints of threads, the writes after them, and what no thread uses any more';
alter function work.remove_checkpoints(bigint[], jsonb) owner to pylayer_api;
revoke all on function work.remove_checkpoints(bigint[], jsonb) from public;
