-- What a state of an item or a run means for it. Whoever reports the states chooses their names: these are the usual ones.
-- A change holds for items and runs whose state changes later.
--
-- Parameters: p_state, a state in any case; - and spaces are as good as _.
-- Returns:    succeeded, failed or cancelled; null for a state that is not final.
create or replace function telemetry.state_outcome(p_state text) returns text
language sql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select case
    when s.name in (
      'succeeded', 'success', 'completed', 'complete', 'done', 'closed', 'resolved', 'merged', 'released', 'deployed',
      'shipped', 'accepted'
    ) then 'succeeded'
    when s.name in ('failed', 'failure', 'error', 'errored', 'timed_out') then 'failed'
    when s.name in ('cancelled', 'canceled', 'aborted', 'abandoned', 'rejected', 'skipped', 'wont_do', 'wont_fix')
      then 'cancelled'
  end
  from (select translate(lower(p_state), ' -''', '__') as name) as s
$$;
comment on function telemetry.state_outcome(text) is
'What a state means: succeeded, failed, cancelled, or null for one that is not final';
alter function telemetry.state_outcome(text) owner to pylayer_api;
revoke all on function telemetry.state_outcome(text) from public;
grant execute on function telemetry.state_outcome(text) to pylayer_admin, pylayer_analyst, pylayer_auditor;
