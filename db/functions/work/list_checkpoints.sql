-- Checkpoints with what was written after them and the blobs that both refer to, each blob once; latest first, page by page.
--
-- Parameters:
--   p_thread_id, p_checkpoint_ns, p_checkpoint_id  equal to; null is any
--   p_filter   contained in the metadata; null is any
--   p_before   checkpoint_id that theirs is less than; null is any
--   p_after    cursor of the row that ended the previous page; null is the first page
--   p_limit    most checkpoints, 1 to 100
-- Returns: one row. checkpoints: array of objects (cursor, thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id,
--          checkpoint, metadata, channel_values, writes: [task_id, channel, reference] in the order in which they apply).
--          blobs: array of [number, type, bytes in data]. data: their bytes, one after the other.
-- Errors:  PT400 invalid_limit, invalid_cursor; 54000 a page over 1 GB: take fewer.
-- Tables:  work.checkpoint_threads, work.checkpoints, work.checkpoint_writes, work.checkpoint_blobs (read, in one snapshot).
create or replace function work.list_checkpoints(
  p_thread_id text default null,
  p_checkpoint_ns text default null,
  p_checkpoint_id text default null,
  p_filter jsonb default null,
  p_before text default null,
  p_after jsonb default null,
  p_limit integer default 20
) returns table (checkpoints jsonb, blobs jsonb, data bytea)
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_thread bigint;
  v_page work.checkpoints[];
  v_blobs bigint[];
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 100);
  if jsonb_typeof(p_after) <> 'array' or not coalesce(p_after ->> 1 ~ '^[0-9]{1,18}$', true) then
    raise exception using
      errcode = 'PT400', message = 'the cursor is not one', constraint = 'invalid_cursor',
      detail = left(p_after::text, 200), hint = 'give the cursor of a row as it came';
  end if;
  select t.thread_key into v_thread from work.checkpoint_threads as t where t.thread_id = p_thread_id;
  if p_checkpoint_ns is not null and p_limit = 1 and num_nonnulls(p_thread_id, p_filter, p_before, p_after) = 1 and v_thread > 0
  then  -- what a graph asks for at each start, with a plan that is kept
    select array_agg(l.row) into v_page
    from (
      select c as row from work.checkpoints as c
      where c.thread_key = v_thread and c.checkpoint_ns = p_checkpoint_ns
        and c.checkpoint_id <= coalesce(p_checkpoint_id, c.checkpoint_id)
      order by c.checkpoint_id desc
      limit 1
    ) as l
    where (l.row).checkpoint_id = coalesce(p_checkpoint_id, (l.row).checkpoint_id);
  elsif p_thread_id is null or v_thread is not null then
    v_page := array(
      select f
      from work.find_checkpoints(
        p_thread => v_thread, p_checkpoint_ns => p_checkpoint_ns, p_checkpoint_id => p_checkpoint_id, p_filter => p_filter,
        p_before => p_before, p_after => p_after, p_limit => p_limit
      ) as f
    );
  end if;
  v_page := coalesce(v_page, '{}');
  v_blobs := array(
    select r.blob_id from unnest(v_page) as p, work.referenced_blob_ids(p.channel_values) as r (blob_id)
    union
    select r.blob_id
    from unnest(v_page) as p
    join work.checkpoint_writes as w using (thread_key, checkpoint_ns, checkpoint_id)
    cross join work.referenced_write_blob_ids(w.writes) as r (blob_id)
  );
  select
    coalesce(
      jsonb_agg(
        jsonb_build_object(
          'cursor', jsonb_build_array(p.checkpoint_id, p.thread_key, p.checkpoint_ns),
          'thread_id', (select t.thread_id from work.checkpoint_threads as t where t.thread_key = p.thread_key),
          'checkpoint_ns', p.checkpoint_ns,
          'checkpoint_id', p.checkpoint_id,
          'parent_checkpoint_id', p.parent_checkpoint_id,
          'checkpoint', p.checkpoint,
          'metadata', p.metadata,
          'channel_values', p.channel_values,
          'writes', (
            select coalesce(
              jsonb_agg(
                jsonb_build_array(w.task_id, e.value -> 0, e.value -> 1) order by w.task_path, w.task_id, e.key::integer
              ), '[]'
            )
            from work.checkpoint_writes as w
            cross join jsonb_each(w.writes) as e (key, value)
            where w.thread_key = p.thread_key and w.checkpoint_ns = p.checkpoint_ns and w.checkpoint_id = p.checkpoint_id
          )
        ) order by p.checkpoint_id desc, p.thread_key desc, p.checkpoint_ns desc
      ), '[]'
    )
  into checkpoints
  from unnest(v_page) as p;
  select b.blobs, b.data into blobs, data from work.read_checkpoint_blobs(p_blobs => v_blobs) as b;
  return next;
end
$$;
comment on function work.list_checkpoints(text, text, text, jsonb, text, jsonb, integer) is
'Checkpoints with writes and blobs, latest first, in keyset pages. Errors: PT400 invalid_limit, invalid_cursor';
alter function work.list_checkpoints(text, text, text, jsonb, text, jsonb, integer) owner to pylayer_api;
revoke all on function work.list_checkpoints(text, text, text, jsonb, text, jsonb, integer) from public;
grant execute on function work.list_checkpoints(text, text, text, jsonb, text, jsonb, integer)
to pylayer_agent, pylayer_analyst, pylayer_auditor;
