-- Removes threads with all that is stored for them, and what no other thread uses.
--
-- Parameters: p_thread_ids, array of threads; those that there are none of are passed over.
-- Returns:    one row: how many checkpoints were removed, and how many blobs.
-- Errors:     PT400 invalid_thread_ids; 40001 in a repeatable read.
-- Tables:     work.checkpoint_threads (rows locked, deleted at the end), work.checkpoints, work.checkpoint_writes (deleted), then
--             as work.release_checkpoint_blobs.
-- Repeat:     safe.
create or replace function work.delete_checkpoint_threads(p_thread_ids jsonb)
returns table (checkpoints bigint, blobs bigint)
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: agents hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_threads bigint[] := work.checkpoint_thread_keys(p_thread_ids => p_thread_ids);
begin
  perform work.lock_checkpoint_threads(p_threads => v_threads);
  delete from work.checkpoints as c where c.thread_key = any(v_threads);
  get diagnostics checkpoints = row_count;
  delete from work.checkpoint_writes as w where w.thread_key = any(v_threads);
  blobs := work.release_checkpoint_blobs(p_threads => v_threads);
  delete from work.checkpoint_threads as t where t.thread_key = any(v_threads);
  return next;
end
$$;
comment on function work.delete_checkpoint_threads(jsonb) is
'Removes threads with all that is stored for them. Errors: PT400 invalid_thread_ids';
alter function work.delete_checkpoint_threads(jsonb) owner to pylayer_api;
revoke all on function work.delete_checkpoint_threads(jsonb) from public;
grant execute on function work.delete_checkpoint_threads(jsonb) to pylayer_agent;
