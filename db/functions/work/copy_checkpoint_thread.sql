-- Copies a thread: its checkpoints and writes, in all namespaces. Values are shared. What the target has already stays.
--
-- Parameters: p_source_thread_id, p_target_thread_id.
-- Returns:    how many checkpoints were copied; 0 when there is no such source.
-- Errors:     PT400 invalid_thread_id; 40001 in a repeatable read.
-- Tables:     work.checkpoint_threads (rows locked, in the order of their ids), work.checkpoints, work.checkpoint_writes,
--             work.checkpoint_blob_uses (inserted), in this order.
-- Repeat:     safe.
create or replace function work.copy_checkpoint_thread(p_source_thread_id text, p_target_thread_id text) returns bigint
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: agents hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source bigint;
  v_target bigint;
  v_copied bigint;
begin
  if not exists (select from work.checkpoint_threads as t where t.thread_id = p_source_thread_id) then
    return 0::bigint;
  end if;
  if p_source_thread_id < p_target_thread_id collate "C" then
    v_source := work.lock_checkpoint_thread(p_thread_id => p_source_thread_id);
  end if;
  v_target := work.lock_checkpoint_thread(p_thread_id => p_target_thread_id);
  if v_source is null then
    v_source := work.lock_checkpoint_thread(p_thread_id => p_source_thread_id);
  end if;
  insert into work.checkpoints (
    thread_key, checkpoint_ns, checkpoint_id, parent_checkpoint_id, checkpoint, channel_values, metadata, created_at
  )
  select
    v_target, c.checkpoint_ns, c.checkpoint_id, c.parent_checkpoint_id, c.checkpoint, c.channel_values, c.metadata,
    c.created_at
  from work.checkpoints as c
  where c.thread_key = v_source
  order by c.checkpoint_ns, c.checkpoint_id
  on conflict do nothing;
  get diagnostics v_copied = row_count;
  insert into work.checkpoint_writes (thread_key, checkpoint_ns, checkpoint_id, task_id, task_path, writes, created_at)
  select v_target, w.checkpoint_ns, w.checkpoint_id, w.task_id, w.task_path, w.writes, w.created_at
  from work.checkpoint_writes as w
  where w.thread_key = v_source
  order by w.checkpoint_ns, w.checkpoint_id, w.task_id
  on conflict do nothing;
  -- Last: who stores in the source meanwhile notes a use before what uses it.
  insert into work.checkpoint_blob_uses (thread_key, blob_id)
  select v_target, u.blob_id from work.checkpoint_blob_uses as u where u.thread_key = v_source order by u.blob_id
  on conflict do nothing;
  return v_copied;
end
$$;
comment on function work.copy_checkpoint_thread(text, text) is
'Copies a thread, its values shared; what the target has stays. Errors: PT400 invalid_thread_id';
alter function work.copy_checkpoint_thread(text, text) owner to pylayer_api;
revoke all on function work.copy_checkpoint_thread(text, text) from public;
grant execute on function work.copy_checkpoint_thread(text, text) to pylayer_agent;
