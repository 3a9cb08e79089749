-- Checkpoints by any of their marks, latest first.
--
-- Parameters:
--   p_thread, p_checkpoint_ns, p_checkpoint_id  equal to; null is any
--   p_filter  contained in the metadata; null is any
--   p_before  checkpoint_id that theirs is less than; null is any
--   p_after   [checkpoint_id, thread_key, checkpoint_ns] that theirs is less than; null is any
--   p_limit   most rows
-- Tables: work.checkpoints (read).
create or replace function work.find_checkpoints(
  p_thread bigint,
  p_checkpoint_ns text,
  p_checkpoint_id text,
  p_filter jsonb,
  p_before text,
  p_after jsonb,
  p_limit integer
) returns setof work.checkpoints
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan  -- so that an absent filter is no condition, and a given one finds its index
as $$
begin
  return query
  select
    c.thread_key, c.checkpoint_ns, c.checkpoint_id, c.parent_checkpoint_id, c.checkpoint, c.channel_values, c.metadata, c.run_id,
    c.created_at
  from work.checkpoints as c
  where (p_thread is null or c.thread_key = p_thread)
    and (p_checkpoint_ns is null or c.checkpoint_ns = p_checkpoint_ns)
    and (p_checkpoint_id is null or c.checkpoint_id = p_checkpoint_id)
    and (p_filter is null or c.metadata @> p_filter)
    and (p_before is null or c.checkpoint_id < p_before)
    and (
      p_after is null
      or (c.checkpoint_id, c.thread_key, c.checkpoint_ns) < (p_after ->> 0, (p_after ->> 1)::bigint, p_after ->> 2)
    )
  order by c.checkpoint_id desc, c.thread_key desc, c.checkpoint_ns desc
  limit p_limit;
end
$$;
comment on function work.find_checkpoints(bigint, text, text, jsonb, text, jsonb, integer) is
'Checkpoints by any of their marks, latest first';
alter function work.find_checkpoints(bigint, text, text, jsonb, text, jsonb, integer) owner to pylayer_api;
revoke all on function work.find_checkpoints(bigint, text, text, jsonb, text, jsonb, integer) from public;
