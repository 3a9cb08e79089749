-- Seals a month below the retention floor, and counts it: from now on nothing can be added to it, by anybody.
-- A writer may have seen the floor as it was before it rose, and insert much later. Making the trigger waits for each
-- writer that has touched the month until its transaction ends, and whoever comes later meets the trigger, whatever its
-- snapshot. So the number is exact, and what retention checks a detached month by.
--
-- Parameters: p_month, any time within the month.
-- Returns:    events in it.
-- Errors:     PT400 invalid_isolation; PT404 no_retired_month; PT409 not_due; 55P03 a writer held the month for 2
--             seconds: the same call again, later.
-- Tables:     telemetry.retired_months (row locked, updated); the month (SHARE ROW EXCLUSIVE: readers go on).
-- Repeat:     refused with not_due; a call that failed changed nothing.
create or replace function telemetry.seal_month(p_month timestamptz) returns bigint
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: only the owner makes triggers
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set lock_timeout = '2s'
as $$
declare
  v_table regclass;
  v_events bigint;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using
      errcode = 'PT400', message = 'isolation level is not usable', constraint = 'invalid_isolation',
      detail = current_setting('transaction_isolation'), hint = 'the count must see what was committed before the lock: read committed';
  end if;
  v_table := telemetry.check_retention_step(p_month => p_month, p_step => 'seal');
  perform telemetry.guard_month(p_table => v_table);
  execute format('select count(*) from %s', v_table) into v_events;
  update telemetry.retired_months as r
  set sealed_at = clock_timestamp(), events = v_events
  where r.month = date_trunc('month', p_month, 'UTC');
  return v_events;
end
$$;
comment on function telemetry.seal_month(timestamptz) is
'Seals a month below the retention floor against every writer and counts it. Errors: PT400, PT404, PT409 not_due, 55P03';
alter function telemetry.seal_month(timestamptz) owner to pylayer_owner;
revoke all on function telemetry.seal_month(timestamptz) from public;
grant execute on function telemetry.seal_month(timestamptz) to pylayer_admin;
