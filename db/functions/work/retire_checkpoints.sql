-- One step of maintenance: removes from some threads what checkpoint_keep_last and checkpoint_keep_days of core.settings do not
-- keep.
--
-- Parameters: p_after, number of the thread that ended the previous step; p_limit, most threads to look at, 1 to 10000.
-- Returns:    one row: last_thread, null when there are no more threads or all is kept; checkpoints and blobs removed.
-- Errors:     PT400 invalid_limit; 40001 in a repeatable read.
-- Tables:     core.settings, work.checkpoints (read), work.checkpoint_threads (rows locked, updated), then as
--             work.remove_checkpoints.
-- Repeat:     safe.
create or replace function work.retire_checkpoints(p_after bigint default 0, p_limit integer default 100)
returns table (last_thread bigint, checkpoints bigint, blobs bigint)
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: admins hold no right to write tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_keep_last integer;
  v_since timestamptz;
  v_threads bigint[];
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 10000);
  checkpoints := 0;
  blobs := 0;
  select coalesce(s.checkpoint_keep_last, 1), coalesce(now() - make_interval(days => s.checkpoint_keep_days), 'infinity')
  into v_keep_last, v_since
  from core.settings as s
  where num_nonnulls(s.checkpoint_keep_last, s.checkpoint_keep_days) > 0;
  if not found then
    return next;
    return;
  end if;
  v_threads := array(
    select t.thread_key from work.checkpoint_threads as t where t.thread_key > p_after order by t.thread_key limit p_limit
  );
  last_thread := v_threads[cardinality(v_threads)];
  -- Only who has something to lose is locked.
  v_threads := array(
    select distinct (k.key ->> 0)::bigint
    from jsonb_array_elements(
      work.prunable_checkpoints(p_threads => v_threads, p_keep_last => v_keep_last, p_since => v_since)
    ) as k (key)
  );
  if v_threads <> '{}' then
    perform work.lock_checkpoint_threads(p_threads => v_threads);
    select r.checkpoints, r.blobs into checkpoints, blobs
    from work.remove_checkpoints(
      p_threads => v_threads,
      p_keys => work.prunable_checkpoints(p_threads => v_threads, p_keep_last => v_keep_last, p_since => v_since)
    ) as r;
  end if;
  return next;
end
$$;
comment on function work.retire_checkpoints(bigint, integer) is
'Removes from some threads what the settings do not keep: one step of maintenance. Errors: PT400 invalid_limit';
alter function work.retire_checkpoints(bigint, integer) owner to pylayer_api;
revoke all on function work.retire_checkpoints(bigint, integer) from public;
grant execute on function work.retire_checkpoints(bigint, integer) to pylayer_admin;
