-- A checkpoint with what was written after it, as work.list_checkpoints returns it.
--
-- Parameters: p_row, the checkpoint.
-- Tables:     work.checkpoint_threads, work.checkpoint_writes (read).
create or replace function work.checkpoint_as_json(p_row work.checkpoints) returns jsonb
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_thread_id text;
  v_writes jsonb;
begin
  select t.thread_id into v_thread_id from work.checkpoint_threads as t where t.thread_key = p_row.thread_key;
  select jsonb_agg(jsonb_build_array(w.task_id, e.value -> 0, e.value -> 1) order by w.task_path, w.task_id, e.key::integer)
  into v_writes
  from work.checkpoint_writes as w
  cross join jsonb_each(w.writes) as e (key, value)
  where w.thread_key = p_row.thread_key and w.checkpoint_ns = p_row.checkpoint_ns and w.checkpoint_id = p_row.checkpoint_id;
  return jsonb_build_object(
    'cursor', jsonb_build_array(p_row.checkpoint_id, p_row.thread_key, p_row.checkpoint_ns),
    'thread_id', v_thread_id,
    'checkpoint_ns', p_row.checkpoint_ns,
    'checkpoint_id', p_row.checkpoint_id,
    'parent_checkpoint_id', p_row.parent_checkpoint_id,
    'checkpoint', p_row.checkpoint,
    'metadata', p_row.metadata,
    'channel_values', p_row.channel_values,
    'writes', coalesce(v_writes, '[]')
  );
end
$$;
comment on function work.checkpoint_as_json(work.checkpoints) is
'A checkpoint with what was written after it, as work.list_checkpoints returns it';
alter function work.checkpoint_as_json(work.checkpoints) owner to pylayer_api;
revoke all on function work.checkpoint_as_json(work.checkpoints) from public;
