-- What channels that store only changes are made of: for each, what was written on the way from the nearest ancestor that holds
-- its value to the checkpoint, and that value. Ancestors are those by parent; the checkpoint's own writes are not part of it.
--
-- Parameters:
--   p_thread_id, p_checkpoint_ns  where
--   p_checkpoint_id  checkpoint; null is the latest
--   p_channels       array of the channels' names
-- Returns: one row. channels: by channel, {"writes": [[task_id, reference], ...] oldest first, "seed": reference}, without seed
--          where no ancestor holds a value; blobs, data: as work.list_checkpoints.
-- Errors:  PT400 invalid_channels.
-- Tables:  work.checkpoint_threads, work.checkpoints, work.checkpoint_writes, work.checkpoint_blobs (read, in one snapshot).
create or replace function work.delta_channel_history(
  p_thread_id text,
  p_checkpoint_ns text,
  p_checkpoint_id text,
  p_channels jsonb
) returns table (channels jsonb, blobs jsonb, data bytea)
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan  -- planning costs more than running
as $$
declare
  v_thread bigint := (select t.thread_key from work.checkpoint_threads as t where t.thread_id = p_thread_id);
begin
  if jsonb_typeof(p_channels) is distinct from 'array' then
    raise exception using
      errcode = 'PT400', message = 'channels are not an array', constraint = 'invalid_channels',
      detail = coalesce(jsonb_typeof(p_channels), 'null'), hint = 'give an array of names';
  end if;
  return query
  with recursive walk as (
    select e.channel, t.parent_checkpoint_id as next_id, null::text collate "C" as checkpoint_id, null::jsonb as seed, 0 as steps
    from (
      select c.parent_checkpoint_id
      from work.checkpoints as c
      where c.thread_key = v_thread and c.checkpoint_ns = p_checkpoint_ns
        and c.checkpoint_id = coalesce(
          p_checkpoint_id,
          (
            select max(l.checkpoint_id) from work.checkpoints as l
            where l.thread_key = v_thread and l.checkpoint_ns = p_checkpoint_ns
          )
        )
    ) as t
    cross join (select distinct a.channel from jsonb_array_elements_text(p_channels) as a (channel)) as e
    union all
    select
      w.channel,
      case when not c.channel_values ? w.channel then c.parent_checkpoint_id end,
      c.checkpoint_id,
      c.channel_values -> w.channel,
      w.steps + 1
    from walk as w
    join work.checkpoints as c
      on c.thread_key = v_thread and c.checkpoint_ns = p_checkpoint_ns and c.checkpoint_id = w.next_id
    where w.steps < 1000000  -- parents that a caller put in a circle
  ),
  written as materialized (
    select k.channel, k.steps, w.task_path, w.task_id, e.key::integer as nth, e.value -> 1 as reference
    from walk as k
    cross join lateral (
      select a.task_path, a.task_id, a.writes
      from work.checkpoint_writes as a
      where a.thread_key = v_thread and a.checkpoint_ns = p_checkpoint_ns and a.checkpoint_id = k.checkpoint_id
      offset 0  -- keeps it a lookup for each step: the walk is short, the thread may be long
    ) as w
    cross join jsonb_each(w.writes) as e (key, value)
    where e.value ->> 0 = k.channel
  ),
  found as materialized (
    select
      k.channel,
      jsonb_strip_nulls(
        jsonb_build_object(
          'seed', (array_agg(k.seed) filter (where k.seed is not null))[1],
          'writes', (
            select coalesce(
              jsonb_agg(jsonb_build_array(w.task_id, w.reference) order by w.steps desc, w.task_path, w.task_id, w.nth), '[]'
            )
            from written as w where w.channel = k.channel
          )
        )
      ) as history
    from walk as k
    group by k.channel
  )
  select
    (select coalesce(jsonb_object_agg(f.channel, f.history), '{}') from found as f),
    b.blobs,
    b.data
  from work.read_checkpoint_blobs(
    p_blobs => array(
      select r.blob_id
      from found as f, work.referenced_blob_ids(jsonb_build_object('seed', f.history -> 'seed')) as r (blob_id)
      union
      select r.blob_id from written as w, work.referenced_blob_ids(jsonb_build_object('write', w.reference)) as r (blob_id)
    )
  ) as b;
end
$$;
comment on function work.delta_channel_history(text, text, text, jsonb) is
'What channels that store only changes are made of: writes of ancestors and the value they started from. Errors: PT400 invalid_channels';
alter function work.delta_channel_history(text, text, text, jsonb) owner to pylayer_api;
revoke all on function work.delta_channel_history(text, text, text, jsonb) from public;
grant execute on function work.delta_channel_history(text, text, text, jsonb) to pylayer_agent, pylayer_analyst, pylayer_auditor;
