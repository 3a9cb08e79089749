-- Removes the checkpoints of runs, the writes after them, and what no thread uses any more. Also those that channels of later
-- checkpoints need which store only changes: as LangGraph says of it, remove the last runs of a thread first.
--
-- Parameters: p_run_ids, array of runs, as the metadata of checkpoints names them.
-- Returns:    one row: how many checkpoints were removed, and how many blobs.
-- Errors:     PT400 invalid_run_ids; 40001 in a repeatable read.
-- Tables:     work.checkpoint_threads (rows locked, updated), then as work.remove_checkpoints.
-- Repeat:     safe.
create or replace function work.delete_checkpoints_of_runs(p_run_ids jsonb)
returns table (checkpoints bigint, blobs bigint)
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: agents hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_runs text[];
  v_threads bigint[];
begin
  if jsonb_typeof(p_run_ids) is distinct from 'array' then
    raise exception using
      errcode = 'PT400', message = 'run ids are not an array', constraint = 'invalid_run_ids',
      detail = coalesce(jsonb_typeof(p_run_ids), 'null'), hint = 'give an array of texts';
  end if;
  v_runs := array(select left(i.id, 500) from jsonb_array_elements_text(p_run_ids) as i (id));
  v_threads := array(select distinct c.thread_key from work.checkpoints as c where c.run_id = any(v_runs));
  perform work.lock_checkpoint_threads(p_threads => v_threads);
  return query
  select r.checkpoints, r.blobs
  from work.remove_checkpoints(
    p_threads => v_threads,
    p_keys => (
      select coalesce(jsonb_agg(jsonb_build_array(c.thread_key, c.checkpoint_ns, c.checkpoint_id)), '[]')
      from work.checkpoints as c
      where c.run_id = any(v_runs) and c.thread_key = any(v_threads)
    )
  ) as r;
end
$$;
comment on function work.delete_checkpoints_of_runs(jsonb) is
'Removes the checkpoints of runs. Errors: PT400 invalid_run_ids';
alter function work.delete_checkpoints_of_runs(jsonb) owner to pylayer_api;
revoke all on function work.delete_checkpoints_of_runs(jsonb) from public;
grant execute on function work.delete_checkpoints_of_runs(jsonb) to pylayer_agent;
