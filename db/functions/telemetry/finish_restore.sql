-- Ends the restore of a month: checks that all rows of its archive are there, seals the month and attaches it.
-- Its events keep what was recorded with them, so readers by recorded order have passed them, and no rollup counts them
-- again. Events of the month that are sent again are refused as before: the floor stays.
--
-- Parameters: p_month, any time within the month; p_days, how long it stays before retention drops it again.
-- Returns:    until when it stays.
-- Errors:     PT400 invalid_days; PT409 not_restoring, archive_differs; 55P03 a lock could not be had within 2 seconds.
-- Tables:     telemetry.retired_months (row locked, updated), telemetry.archives (read); the month; telemetry.workflow_events
--             (SHARE UPDATE EXCLUSIVE: readers and writers go on).
-- Repeat:     refused with not_restoring once it is restored.
create or replace function telemetry.finish_restore(p_month timestamptz, p_days integer default 30)
returns timestamptz
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: only the owner attaches partitions
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set lock_timeout = '2s'
as $$
declare
  v_month timestamptz := date_trunc('month', p_month, 'UTC');
  v_table regclass := telemetry.restoring_table(p_month => p_month);
  v_rows bigint;
  v_first text;
  v_last text;
  v_known telemetry.archives;
begin
  if coalesce(p_days, 0) not between 1 and 3650 then
    raise exception using
      errcode = 'PT400', message = 'number of days is out of range', constraint = 'invalid_days',
      detail = coalesce(p_days::text, 'null'), hint = '1 to 3650';
  end if;
  execute format('select count(*), min(event_id), max(event_id) from %s', v_table) into v_rows, v_first, v_last;
  select a.* into v_known from telemetry.archives as a where a.month = v_month;
  if (v_rows, v_first, v_last) is distinct from
    (v_known.rows, v_known.min_event_id::text, v_known.max_event_id::text) then
    raise exception using
      errcode = 'PT409', message = 'the archive is not what was recorded', constraint = 'archive_differs',
      detail = format('%s rows of %s', v_rows, v_known.rows), hint = 'restore it again';
  end if;
  perform telemetry.guard_month(p_table => v_table);
  update telemetry.retired_months as r
  set dropped_at = null, restoring_since = null, kept_until = now() + make_interval(days => p_days)
  where r.month = v_month;
  perform telemetry.attach_month(p_month => v_month);
  return now() + make_interval(days => p_days);
end
$$;
comment on function telemetry.finish_restore(timestamptz, integer) is
'Checks a restored month, seals and attaches it. Errors: PT400 invalid_days, PT409 not_restoring, archive_differs, 55P03';
alter function telemetry.finish_restore(timestamptz, integer) owner to pylayer_owner;
revoke all on function telemetry.finish_restore(timestamptz, integer) from public;
grant execute on function telemetry.finish_restore(timestamptz, integer) to pylayer_admin;
