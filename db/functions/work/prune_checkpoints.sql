-- Removes all but the last checkpoints of threads, in each namespace, and keeps what channels need that store only changes.
--
-- Parameters: p_thread_ids, array of threads, those that there are none of are passed over; p_keep_last, 1 to 1000000.
-- Returns:    one row: how many checkpoints were removed, and how many blobs.
-- Errors:     PT400 invalid_thread_ids, invalid_limit; 40001 in a repeatable read.
-- Tables:     work.checkpoint_threads (rows locked, updated), then as work.remove_checkpoints.
-- Repeat:     safe.
create or replace function work.prune_checkpoints(p_thread_ids jsonb, p_keep_last integer default 1)
returns table (checkpoints bigint, blobs bigint)
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: agents hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_threads bigint[] := work.checkpoint_thread_keys(p_thread_ids => p_thread_ids);
begin
  perform work.check_limit(p_limit => p_keep_last, p_greatest => 1000000);
  perform work.lock_checkpoint_threads(p_threads => v_threads);
  return query
  select r.checkpoints, r.blobs
  from work.remove_checkpoints(
    p_threads => v_threads,
    p_keys => work.prunable_checkpoints(p_threads => v_threads, p_keep_last => p_keep_last, p_since => 'infinity')
  ) as r;
end
$$;
comment on function work.prune_checkpoints(jsonb, integer) is
'Removes all but the last checkpoints of threads and what they need. Errors: PT400 invalid_thread_ids, invalid_limit';
alter function work.prune_checkpoints(jsonb, integer) owner to pylayer_api;
revoke all on function work.prune_checkpoints(jsonb, integer) from public;
grant execute on function work.prune_checkpoints(jsonb, integer) to pylayer_agent;
