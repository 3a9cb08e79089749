-- Stores what a task wrote after a checkpoint, which may itself be stored later.
--
-- Parameters:
--   p_thread_id, p_checkpoint_ns, p_checkpoint_id  the checkpoint
--   p_task_id    task, at most 500 bytes
--   p_task_path  path of the task, at most 2000 bytes
--   p_writes     by number of the write: its channel; a number from 0 keeps what is stored, a negative one replaces it
--   p_values     by number of the write: its reference, as work.put_checkpoint
--   p_blobs, p_data  as work.store_checkpoint_blobs
-- Returns: true; false when something that was not sent is not there, and nothing was stored: call again with all of it.
-- Errors:  PT400 invalid_thread_id, invalid_checkpoint_ns, invalid_checkpoint_id, invalid_task, invalid_writes, invalid_blobs,
--          invalid_reference; PT409 hash_mismatch; 40001 in a repeatable read: something was removed since it began.
-- Tables:  work.checkpoint_threads (row locked), work.checkpoint_blobs (rows locked, inserted), work.checkpoint_blob_uses
--          (inserted), work.checkpoint_writes (inserted or updated), in this order.
-- Repeat:  safe.
create or replace function work.put_checkpoint_writes(
  p_thread_id text,
  p_checkpoint_ns text,
  p_checkpoint_id text,
  p_task_id text,
  p_task_path text,
  p_writes jsonb,
  p_values jsonb,
  p_blobs jsonb,
  p_data bytea
) returns boolean
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: agents hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_thread bigint := work.lock_checkpoint_thread(p_thread_id => p_thread_id);
  v_blobs bigint[];
  v_values jsonb;
  v_first jsonb;
  v_last jsonb;
  v_is_odd boolean;
begin
  perform work.check_checkpoint_key(p_checkpoint_ns => p_checkpoint_ns, p_checkpoint_id => p_checkpoint_id);
  if num_nulls(p_task_id, p_task_path) > 0 or octet_length(p_task_id) > 500 or octet_length(p_task_path) > 2000 then
    raise exception using
      errcode = 'PT400', message = 'the task is missing or too long', constraint = 'invalid_task',
      detail = format('id of %s bytes, path of %s', octet_length(p_task_id), octet_length(p_task_path)),
      hint = 'give an id of at most 500 bytes and a path of at most 2000';
  end if;
  v_blobs := work.store_checkpoint_blobs(p_thread_key => v_thread, p_blobs => p_blobs, p_data => p_data);
  if v_blobs is null then
    return false;
  end if;
  v_values := work.resolve_checkpoint_values(p_values => p_values, p_blob_ids => v_blobs);
  select
    coalesce(jsonb_object_agg(w.nth, jsonb_build_array(w.channel, v_values -> w.nth)) filter (where w.nth not like '-%'), '{}'),
    coalesce(jsonb_object_agg(w.nth, jsonb_build_array(w.channel, v_values -> w.nth)) filter (where w.nth like '-%'), '{}'),
    bool_or(w.nth !~ '^(0|-?[1-9][0-9]{0,5})$' or jsonb_typeof(w.channel) <> 'string' or not v_values ? w.nth)
  into v_first, v_last, v_is_odd
  from jsonb_each(case when jsonb_typeof(p_writes) = 'object' then p_writes end) as w (nth, channel);
  if v_is_odd or jsonb_typeof(p_writes) is distinct from 'object' then
    raise exception using
      errcode = 'PT400', message = 'the writes are not of the form that is expected', constraint = 'invalid_writes',
      detail = coalesce(jsonb_typeof(p_writes), 'null'), hint = 'give an object of channels by number, with a value each';
  end if;
  insert into work.checkpoint_writes as w (thread_key, checkpoint_ns, checkpoint_id, task_id, task_path, writes)
  values (v_thread, p_checkpoint_ns, p_checkpoint_id, p_task_id, p_task_path, v_first || v_last)
  on conflict (thread_key, checkpoint_ns, checkpoint_id, task_id) do update
  set writes = v_first || w.writes || v_last
  where w.writes is distinct from v_first || w.writes || v_last;
  return true;
end
$$;
comment on function work.put_checkpoint_writes(text, text, text, text, text, jsonb, jsonb, jsonb, bytea) is
'Stores what a task wrote after a checkpoint; false: call again with all of it. Errors: PT400, PT409 hash_mismatch';
alter function work.put_checkpoint_writes(text, text, text, text, text, jsonb, jsonb, jsonb, bytea) owner to pylayer_api;
revoke all on function work.put_checkpoint_writes(text, text, text, text, text, jsonb, jsonb, jsonb, bytea) from public;
grant execute on function work.put_checkpoint_writes(text, text, text, text, text, jsonb, jsonb, jsonb, bytea) to pylayer_agent;
