-- Stores a checkpoint with the values of its channels.
--
-- Parameters:
--   p_thread_id, p_checkpoint_ns, p_checkpoint_id  where it stands
--   p_parent_checkpoint_id  checkpoint that it came from, null is none
--   p_checkpoint      versions of the channels and what nodes have seen, without values
--   p_metadata        source, step, run_id, ...
--   p_channel_values  references by channel: a place in p_blobs, a small value as "type:base64", an array of both for the
--                     segments of a list, or null: the parent's, whose version of the channel is the same
--   p_blobs, p_data   as work.store_checkpoint_blobs
-- Returns: true; false when something that was not sent is not there, and nothing was stored: call again with all of it.
-- Errors:  PT400 invalid_thread_id, invalid_checkpoint_ns, invalid_checkpoint_id, invalid_checkpoint, invalid_blobs,
--          invalid_reference; PT409 hash_mismatch; 40001 in a repeatable read: something was removed since it began.
-- Tables:  work.checkpoint_threads (row locked), work.checkpoints (read), work.checkpoint_blobs (rows locked, inserted),
--          work.checkpoint_blob_uses (inserted), work.checkpoints (inserted or updated), in this order.
-- Repeat:  safe.
create or replace function work.put_checkpoint(
  p_thread_id text,
  p_checkpoint_ns text,
  p_checkpoint_id text,
  p_parent_checkpoint_id text,
  p_checkpoint jsonb,
  p_metadata jsonb,
  p_channel_values jsonb,
  p_blobs jsonb,
  p_data bytea
) returns boolean
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: agents hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_thread bigint := work.lock_checkpoint_thread(p_thread_id => p_thread_id);
  v_same jsonb;
  v_blobs bigint[];
begin
  perform work.check_checkpoint_key(p_checkpoint_ns => p_checkpoint_ns, p_checkpoint_id => p_checkpoint_id);
  if octet_length(p_parent_checkpoint_id) > 500
    or jsonb_typeof(p_checkpoint) is distinct from 'object'
    or jsonb_typeof(p_metadata) is distinct from 'object'
  then
    raise exception using
      errcode = 'PT400', message = 'the checkpoint is not of the form that is expected', constraint = 'invalid_checkpoint',
      detail = format('checkpoint %s, metadata %s', jsonb_typeof(p_checkpoint), jsonb_typeof(p_metadata)),
      hint = 'give two objects, and a parent id of at most 500 bytes';
  end if;
  if p_channel_values @? '$.* ? (@ == null)' then
    select jsonb_object_agg(e.key, c.channel_values -> e.key) into v_same
    from work.checkpoints as c
    cross join jsonb_each(p_channel_values) as e (key, value)
    where c.thread_key = v_thread and c.checkpoint_ns = p_checkpoint_ns and c.checkpoint_id = p_parent_checkpoint_id
      and e.value = 'null'
      and c.checkpoint -> 'channel_versions' -> e.key = p_checkpoint -> 'channel_versions' -> e.key;
    if exists (
      select from jsonb_each(p_channel_values) as e (key, value)
      where e.value = 'null' and coalesce(v_same -> e.key, 'null') = 'null'
    ) then
      return false;
    end if;
  end if;
  v_blobs := work.store_checkpoint_blobs(p_thread_key => v_thread, p_blobs => p_blobs, p_data => p_data);
  if v_blobs is null then
    return false;
  end if;
  insert into work.checkpoints as c (
    thread_key, checkpoint_ns, checkpoint_id, parent_checkpoint_id, checkpoint, channel_values, metadata
  )
  values (
    v_thread, p_checkpoint_ns, p_checkpoint_id, p_parent_checkpoint_id, p_checkpoint,
    work.resolve_checkpoint_values(p_values => p_channel_values, p_blob_ids => v_blobs, p_same => v_same), p_metadata
  )
  on conflict (thread_key, checkpoint_ns, checkpoint_id) do update
  set
    parent_checkpoint_id = excluded.parent_checkpoint_id, checkpoint = excluded.checkpoint,
    channel_values = excluded.channel_values, metadata = excluded.metadata;
  return true;
end
$$;
comment on function work.put_checkpoint(text, text, text, text, jsonb, jsonb, jsonb, jsonb, bytea) is
'Stores a checkpoint with the values of its channels; false: call again with all of it. Errors: PT400, PT409 hash_mismatch';
alter function work.put_checkpoint(text, text, text, text, jsonb, jsonb, jsonb, jsonb, bytea) owner to pylayer_api;
revoke all on function work.put_checkpoint(text, text, text, text, jsonb, jsonb, jsonb, jsonb, bytea) from public;
grant execute on function work.put_checkpoint(text, text, text, text, jsonb, jsonb, jsonb, jsonb, bytea) to pylayer_agent;
