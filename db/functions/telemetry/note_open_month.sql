-- Notes that the month of an event can be inserted into, in this run of the server and in the cluster of this epoch, so
-- that telemetry.ingest_event need not ask again. The month must have been made by an earlier transaction: then whoever
-- sees the note has been told of the partition too. Only forward in time: late events of an older month leave it alone.
-- A month that is dropped has fallen below the retention floor before, which telemetry.ingest_event asks for.
--
-- Parameters: p_id_ts, the time in an event id for which telemetry.has_month was true before this transaction made any.
-- Errors:     40001 another transaction of a higher isolation level noted it at once: the same call again.
-- Tables:     core.settings (updated once a month and once a run; skipped while another session does it).
-- Repeat:     safe.
create or replace function telemetry.note_open_month(p_id_ts timestamptz) returns void
language sql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
  update core.settings as s
  set open_month = n.month, open_since = pg_postmaster_start_time()
  from (
    select
      k.ctid as row_id,
      tstzrange(date_trunc('month', p_id_ts), date_trunc('month', p_id_ts) + interval '1 month') as month
    from core.settings as k
    where k.system_identifier = (pg_control_system()).system_identifier
      and (k.open_since is distinct from pg_postmaster_start_time() or p_id_ts >= upper(k.open_month))
    for update skip locked
  ) as n
  where s.ctid = n.row_id
$$;
comment on function telemetry.note_open_month(timestamptz) is
'Notes that the month of an event can be inserted into; once a month and once a run of the server';
alter function telemetry.note_open_month(timestamptz) owner to pylayer_api;
revoke all on function telemetry.note_open_month(timestamptz) from public;
