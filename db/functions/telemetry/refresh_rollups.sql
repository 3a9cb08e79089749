-- Counts the next events into the rollups, each committed event once, whatever order transactions commit in.
-- Events are taken in the order of (recorded_epoch, recorded_xid, event_id), below the oldest transaction that is still
-- running: nothing can appear before what was taken. All or nothing: the mark moves in the same transaction. When behind
-- is false, everything is counted that was committed before any transaction that still runs.
--
-- Parameters: p_limit, most events of one call, 1 to 100000.
-- Returns:    events, how many were counted; behind, whether to call again, for more.
-- Errors:     PT400 invalid_limit; 55P03 another refresh held the mark for 30 seconds, 40001 a refresh in a transaction of
--             a higher isolation level came too late: the same call again.
-- Tables:     telemetry.rollup_progress (its row locked until the end of the transaction: one refresh at a time, a second
--             one waits); telemetry.workflow_events, telemetry.event_types (read); then telemetry.event_rollups,
--             telemetry.month_rollups, telemetry.state_changes, telemetry.item_rollups, telemetry.run_rollups (written).
-- Repeat:     safe; that is what it is for.
create or replace function telemetry.refresh_rollups(
  p_limit integer default 20000, out events bigint, out behind boolean
)
returns record
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: admins hold no right to write tables
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set lock_timeout = '30s'
as $$
#variable_conflict use_column
declare
  v_mark record;
  v_epoch integer;
  v_horizon bigint;
  v_batch telemetry.counted_event[];
  v_last telemetry.counted_event;
  v_count integer;
  v_is_over boolean;
begin
  if coalesce(p_limit, 0) not between 1 and 100000 then
    raise exception using
      errcode = 'PT400', message = 'limit is out of range', constraint = 'invalid_limit',
      detail = coalesce(p_limit::text, 'null'), hint = '1 to 100000';
  end if;
  select p.epoch, p.xid, p.event_id into v_mark from telemetry.rollup_progress as p for update;
  v_epoch := core.current_epoch();
  -- Transactions of an older epoch have all ended: they ran in another cluster.
  v_horizon := case when v_mark.epoch = v_epoch then pg_snapshot_xmin(pg_current_snapshot())::text::bigint end;
  v_batch := telemetry.next_events(
    p_epoch => v_mark.epoch, p_xid => v_mark.xid, p_event_id => v_mark.event_id, p_horizon => v_horizon, p_limit => p_limit
  );
  v_count := cardinality(v_batch);
  if v_count > 0 then
    v_last := v_batch[v_count];
    perform telemetry.count_events(v_batch);
    perform telemetry.count_items(v_batch);
    perform telemetry.count_runs(v_batch);
  end if;
  v_is_over := v_mark.epoch < v_epoch and v_count < p_limit;
  update telemetry.rollup_progress as p
  set
    epoch = p.epoch + v_is_over::integer,
    xid = case when v_is_over then 0 else coalesce(v_last.recorded_xid, p.xid) end,
    event_id = case when v_is_over then '' else coalesce(v_last.event_id, p.event_id) end,
    events = p.events + v_count,
    refreshed_at = clock_timestamp();
  events := v_count::bigint;
  behind := v_count = p_limit or v_is_over;
end
$$;
comment on function telemetry.refresh_rollups(integer) is
'Counts the next events into the rollups, each committed event once; call again while behind. Errors: PT400 invalid_limit, 55P03, 40001';
alter function telemetry.refresh_rollups(integer) owner to pylayer_api;
revoke all on function telemetry.refresh_rollups(integer) from public;
grant execute on function telemetry.refresh_rollups(integer) to pylayer_admin;
