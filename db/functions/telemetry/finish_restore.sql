-- Ends the restore of a month: seals it, checks that its rows are those that were archived, and attaches it. An archive
-- from before telemetry.archives.rows_hash has no digest of them: their number and the least and the greatest id must do.
-- A lock that cannot be had is asked for again and again, so that the check is not done in vain.
-- Its events keep what was recorded with them, so readers by recorded order have passed them, and no rollup counts them
-- again. Events of the month that are sent again are refused as before: the floor stays.
--
-- Parameters: p_month, any time within the month; p_days, how long it stays before retention drops it again.
-- Returns:    until when it stays.
-- Errors:     PT400 invalid_days; PT409 not_restoring, archive_differs; 55P03 somebody held the table of events for half
--             a minute: the same call again.
-- Tables:     telemetry.retired_months (row locked, updated), telemetry.archives (read); the month (read whole);
--             telemetry.workflow_events (SHARE UPDATE EXCLUSIVE: readers and writers go on).
-- Repeat:     safe; once it is restored, says until when it stays.
create or replace function telemetry.finish_restore(p_month timestamptz, p_days integer default 30)
returns timestamptz
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: only the owner attaches partitions
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set lock_timeout = '2s'
as $$
declare
  v_month timestamptz := date_trunc('month', p_month, 'UTC');
  v_kept_until timestamptz;
  v_table regclass;
  v_known telemetry.archives;
  v_found record;
begin
  if coalesce(p_days, 0) not between 1 and 3650 then
    raise exception using
      errcode = 'PT400', message = 'number of days is out of range', constraint = 'invalid_days',
      detail = coalesce(p_days::text, 'null'), hint = '1 to 3650';
  end if;
  select r.kept_until into v_kept_until from telemetry.retired_months as r where r.month = v_month for update;
  if v_kept_until > now() then
    return v_kept_until;
  end if;
  v_table := telemetry.restoring_table(p_month => p_month);
  perform telemetry.guard_month(p_table => v_table);
  v_found := telemetry.month_digest(p_table => v_table);
  select a.* into v_known from telemetry.archives as a where a.month = v_month;
  if (v_found.rows, v_found.min_event_id, v_found.max_event_id, v_found.rows_hash) is distinct from (
    v_known.rows, v_known.min_event_id::text, v_known.max_event_id::text, coalesce(v_known.rows_hash, v_found.rows_hash)
  ) then
    raise exception using
      errcode = 'PT409', message = 'the archive is not what was recorded', constraint = 'archive_differs',
      detail = format('%s rows of %s, digest %s of %s', v_found.rows, v_known.rows, v_found.rows_hash, v_known.rows_hash),
      hint = 'restore it again';
  end if;
  v_kept_until := now() + make_interval(days => p_days);
  update telemetry.retired_months as r
  set dropped_at = null, restoring_since = null, kept_until = v_kept_until
  where r.month = v_month;
  for v_attempt in 1 .. 14 loop
    begin
      perform telemetry.attach_month(p_month => v_month);
      return v_kept_until;
    exception when lock_not_available then
      continue;
    end;
  end loop;
  perform telemetry.attach_month(p_month => v_month);
  return v_kept_until;
end
$$;
comment on function telemetry.finish_restore(timestamptz, integer) is
'Checks a restored month, seals and attaches it. Errors: PT400 invalid_days, PT409 not_restoring, archive_differs, 55P03';
alter function telemetry.finish_restore(timestamptz, integer) owner to pylayer_owner;
revoke all on function telemetry.finish_restore(timestamptz, integer) from public;
grant execute on function telemetry.finish_restore(timestamptz, integer) to pylayer_admin;
