-- Begins the restore of a dropped month from its archive: makes a table beside the table of events for its rows. Nobody
-- sees them before telemetry.finish_restore has attached it. What a restore left behind that did not end is dropped first.
--
-- Parameters: p_month, any time within the month.
-- Returns:    nothing.
-- Errors:     PT404 no_archive; PT409 month_present: it was not dropped, or is restored.
-- Tables:     telemetry.retired_months (row locked, updated); the new table.
-- Repeat:     safe; begins anew.
create or replace function telemetry.begin_restore(p_month timestamptz) returns void
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: only the owner makes tables
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set lock_timeout = '2s'
as $$
declare
  v_month timestamptz := date_trunc('month', p_month, 'UTC');
  v_name text := telemetry.partition_name(v_month);
begin
  perform from telemetry.retired_months as r where r.month = v_month for update;
  if not exists (select from telemetry.archives as a where a.month = v_month) then
    raise exception using
      errcode = 'PT404', message = 'there is no archive of this month', constraint = 'no_archive',
      detail = coalesce(p_month::text, 'null'), hint = 'telemetry.list_archives() lists them';
  elsif exists (select from telemetry.month_tables() as t where t.month = v_month and t.state <> 'restoring') then
    raise exception using
      errcode = 'PT409', message = 'the month is in the database', constraint = 'month_present',
      detail = p_month::text, hint = 'only a dropped month can be restored';
  end if;
  update telemetry.retired_months as r set restoring_since = now() where r.month = v_month;
  execute format('drop table if exists %s', v_name);
  execute format('create table %s (like telemetry.workflow_events including all)', v_name);
  execute format(
    'alter table %s add constraint event_id_of_month check (event_id >= %L and event_id < %L)',
    v_name, core.ulid_floor(v_month), core.ulid_floor(v_month + interval '1 month')
  );
end
$$;
comment on function telemetry.begin_restore(timestamptz) is
'Begins the restore of a dropped month from its archive. Errors: PT404 no_archive, PT409 month_present, 55P03';
alter function telemetry.begin_restore(timestamptz) owner to pylayer_owner;
revoke all on function telemetry.begin_restore(timestamptz) from public;
grant execute on function telemetry.begin_restore(timestamptz) to pylayer_admin;
