-- Checkpoints of threads that may go. What stays: in each namespace the last ones and the young ones; of a subgraph's call (its
-- namespace has a ":") only when the root checkpoint that it started from stays or is not stored; and the ancestors that channels
-- of these need that store only changes, back to the one that holds the channel's value.
--
-- Parameters: p_threads, numbers of threads; p_keep_last, from 1; p_since, time from which on a checkpoint is young.
-- Returns:    array of [thread_key, checkpoint_ns, checkpoint_id].
-- Tables:     work.checkpoints (read).
create or replace function work.prunable_checkpoints(p_threads bigint[], p_keep_last integer, p_since timestamptz) returns jsonb
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
with recursive ranked as materialized (
    select
      c.thread_key,
      c.checkpoint_ns,
      c.checkpoint_id,
      c.parent_checkpoint_id,
      c.metadata,
      c.channel_values,
      c.created_at >= p_since
      or row_number() over (partition by c.thread_key, c.checkpoint_ns order by c.checkpoint_id desc) <= p_keep_last
        as is_head
    from work.checkpoints as c
    where c.thread_key = any(p_threads)
  ),
  heads as materialized (
    select h.thread_key, h.checkpoint_ns, h.checkpoint_id, h.parent_checkpoint_id, h.metadata, h.channel_values
    from ranked as h
    where h.is_head and not (
      h.checkpoint_ns like '%:%' and exists (
        select from ranked as r
        where r.thread_key = h.thread_key and r.checkpoint_ns = ''
          and r.checkpoint_id = h.metadata -> 'parents' ->> '' and not r.is_head
      )
    )
  ),
  walk as (
    select h.thread_key, h.checkpoint_ns, h.parent_checkpoint_id as next_id, k.channel
    from heads as h
    cross join jsonb_object_keys(
      case
        when jsonb_typeof(h.metadata -> 'counters_since_delta_snapshot') = 'object'
          then h.metadata -> 'counters_since_delta_snapshot'
        else '{}'
      end
    ) as k (channel)
    where not h.channel_values ? k.channel
    union
    select c.thread_key, c.checkpoint_ns, case when not c.channel_values ? w.channel then c.parent_checkpoint_id end, w.channel
    from walk as w
    join work.checkpoints as c
      on c.thread_key = w.thread_key and c.checkpoint_ns = w.checkpoint_ns and c.checkpoint_id = w.next_id
  ),
  kept as (
    select h.thread_key, h.checkpoint_ns, h.checkpoint_id from heads as h
    union
    select w.thread_key, w.checkpoint_ns, w.next_id from walk as w where w.next_id is not null
  )
  select coalesce(jsonb_agg(jsonb_build_array(r.thread_key, r.checkpoint_ns, r.checkpoint_id)), '[]')
  from ranked as r
  left join kept as k using (thread_key, checkpoint_ns, checkpoint_id)
  where k.thread_key is null
$$;
comment on function work.prunable_checkpoints(bigint[], integer, timestamptz) is
'Checkpoints of threads that may go: neither last, nor young, nor needed by one that stays';
alter function work.prunable_checkpoints(bigint[], integer, timestamptz) owner to pylayer_api;
revoke all on function work.prunable_checkpoints(bigint[], integer, timestamptz) from public;
