-- Waits until nobody stores in threads, and keeps everybody from it until the end of the transaction. That each row changes
-- makes a repeatable read that began before fail with 40001 when it comes to store.
--
-- Parameters: p_threads, numbers of threads.
-- Tables:     work.checkpoint_threads (rows locked in the order of their numbers, updated).
-- Repeat:     safe.
create or replace function work.lock_checkpoint_threads(p_threads bigint[]) returns void
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
begin
  perform from work.checkpoint_threads as t where t.thread_key = any(p_threads) order by t.thread_key for update;
  update work.checkpoint_threads as t set pruned_at = clock_timestamp() where t.thread_key = any(p_threads);
end
$$;
comment on function work.lock_checkpoint_threads(bigint[]) is
'Waits until nobody stores in threads, and keeps everybody from it until the end of the transaction';
alter function work.lock_checkpoint_threads(bigint[]) owner to pylayer_api;
revoke all on function work.lock_checkpoint_threads(bigint[]) from public;
