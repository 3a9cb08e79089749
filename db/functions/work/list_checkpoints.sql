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
set plan_cache_mode = force_generic_plan  -- planning costs more than running
as $$
declare
  v_thread bigint;
  v_row work.checkpoints;
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 100);
  if jsonb_typeof(p_after) <> 'array' or not coalesce(p_after ->> 1 ~ '^[0-9]{1,18}$', true) then
    raise exception using
      errcode = 'PT400', message = 'the cursor is not one', constraint = 'invalid_cursor',
      detail = left(p_after::text, 200), hint = 'give the cursor of a row as it came';
  end if;
  checkpoints := '[]';
  select t.thread_key into v_thread from work.checkpoint_threads as t where t.thread_id = p_thread_id;
  if v_thread is null and p_thread_id is not null then
    null;  -- no such thread: an empty page
  elsif p_limit = 1 and num_nonnulls(v_thread, p_checkpoint_ns) = 2 and num_nonnulls(p_filter, p_before, p_after) = 0 then
    -- What a graph asks for at each start, with a plan that is kept.
    if p_checkpoint_id is null then
      v_row := (
        select c from work.checkpoints as c
        where c.thread_key = v_thread and c.checkpoint_ns = p_checkpoint_ns
        order by c.checkpoint_id desc
        limit 1
      );
    else
      v_row := (
        select c from work.checkpoints as c
        where c.thread_key = v_thread and c.checkpoint_ns = p_checkpoint_ns and c.checkpoint_id = p_checkpoint_id
      );
    end if;
    if v_row.thread_key is not null then
      checkpoints := jsonb_build_array(work.checkpoint_as_json(p_row => v_row));
    end if;
  else
    select coalesce(jsonb_agg(work.checkpoint_as_json(p_row => f)), '[]') into checkpoints
    from work.find_checkpoints(
      p_thread => v_thread, p_checkpoint_ns => p_checkpoint_ns, p_checkpoint_id => p_checkpoint_id, p_filter => p_filter,
      p_before => p_before, p_after => p_after, p_limit => p_limit
    ) as f;
  end if;
  select b.blobs, b.data into blobs, data
  from work.read_checkpoint_blobs(
    p_blobs => array(
      select v.id::text::bigint
      from jsonb_path_query(checkpoints, '$[*].channel_values.*[*] ? (@.type() == "number")') as v (id)
      union all
      select v.id::text::bigint from jsonb_path_query(checkpoints, '$[*].writes[*][2][*] ? (@.type() == "number")') as v (id)
    )
  ) as b;
  return next;
end
$$;
comment on function work.list_checkpoints(text, text, text, jsonb, text, jsonb, integer) is
'Checkpoints with writes and blobs, latest first, in keyset pages. Errors: PT400 invalid_limit, invalid_cursor';
alter function work.list_checkpoints(text, text, text, jsonb, text, jsonb, integer) owner to pylayer_api;
revoke all on function work.list_checkpoints(text, text, text, jsonb, text, jsonb, integer) from public;
grant execute on function work.list_checkpoints(text, text, text, jsonb, text, jsonb, integer)
to pylayer_agent, pylayer_analyst, pylayer_auditor;
