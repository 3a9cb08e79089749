-- Drops a detached month, after a last look at it: as many events as when it was sealed, as the rollups have counted, and
-- as its archive holds, and by the digest of its rows the very same as its archive (those from before
-- telemetry.archives.rows_hash have none). Also drops what a restore of an archive left behind that did not end within a day.
--
-- Parameters: p_month, any time within the month.
-- Returns:    events dropped.
-- Errors:     PT404 no_retired_month; PT409 not_due, rows_differ; 55P03 a reader held it for 2 seconds: the same call
--             again, later.
-- Tables:     telemetry.retired_months (row locked, updated), telemetry.archives, month_rollups (read); the month
--             (ACCESS EXCLUSIVE, read whole, then dropped). The table of events is not locked.
-- Repeat:     refused with no_retired_month once it is dropped.
create or replace function telemetry.drop_month(p_month timestamptz) returns bigint
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: only the owner drops tables
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set lock_timeout = '2s'
as $$
declare
  v_month timestamptz := date_trunc('month', p_month, 'UTC');
  v_table regclass := telemetry.check_retention_step(p_month => p_month, p_step => 'drop');
  v_known record;
  v_events bigint;
  v_rows_hash text;
begin
  execute format('lock table %s in access exclusive mode', v_table);
  select
    r.events, coalesce(m.events, 0) as counted, coalesce(a.rows, r.events) as archived, a.rows_hash,
    r.restoring_since is not null as is_leftover
  into v_known
  from telemetry.retired_months as r
  left join telemetry.month_rollups as m on m.month = r.month
  left join telemetry.archives as a on a.month = r.month
  where r.month = v_month;
  if v_known.rows_hash is null or v_known.is_leftover then
    execute format('select count(*) from %s', v_table) into v_events;
  else
    select d.rows, d.rows_hash into v_events, v_rows_hash from telemetry.month_digest(p_table => v_table) as d;
  end if;
  if not v_known.is_leftover
    and (v_events, v_events, v_events, v_rows_hash) is distinct from
    (v_known.events, v_known.counted, v_known.archived, v_known.rows_hash) then
    raise exception using
      errcode = 'PT409', message = 'the month is not what was sealed, counted and archived', constraint = 'rows_differ',
      detail = format(
        '%s events, %s sealed, %s counted, %s archived, digest %s of %s',
        v_events, v_known.events, v_known.counted, v_known.archived, v_rows_hash, v_known.rows_hash
      ),
      hint = 'nothing is dropped; compare the table with telemetry.month_rollups and telemetry.archives';
  end if;
  execute format('drop table %s', v_table);
  update telemetry.retired_months as r
  set dropped_at = coalesce(r.dropped_at, now()), restoring_since = null, kept_until = null
  where r.month = v_month;
  return v_events;
end
$$;
comment on function telemetry.drop_month(timestamptz) is
'Drops a detached month after a last count of it. Errors: PT404 no_retired_month, PT409 not_due, rows_differ, 55P03';
alter function telemetry.drop_month(timestamptz) owner to pylayer_owner;
revoke all on function telemetry.drop_month(timestamptz) from public;
grant execute on function telemetry.drop_month(timestamptz) to pylayer_admin;
