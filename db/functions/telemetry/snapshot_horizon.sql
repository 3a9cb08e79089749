-- The horizon of this moment: every event recorded below it is committed and visible, and none will be added below it. Who
-- reads below a horizon that he has kept gets the same events each time.
--
-- Returns: epoch and xid, to be compared with (recorded_epoch, recorded_xid), and next_xid, above every transaction that has
--          ended: a later horizon that has come to it has all below it that is committed now. In a new cluster the epoch is
--          the one that its first event will begin (core.current_epoch).
-- Tables:  core.settings (read).
create or replace function telemetry.snapshot_horizon(out epoch integer, out xid bigint, out next_xid bigint)
returns record
language sql stable parallel safe security definer  -- definer on purpose: callers need no right on core.settings
set search_path = pg_catalog, pg_temp
as $$
  select
    s.epoch + (s.system_identifier <> c.system_identifier)::integer,
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
    pg_snapshot_xmax(pg_current_snapshot())::text::bigint
  from core.settings as s
  cross join pg_control_system() as c
$$;
comment on function telemetry.snapshot_horizon() is
'Epoch and transaction id below which no event will be added any more';
alter function telemetry.snapshot_horizon() owner to pylayer_api;
revoke all on function telemetry.snapshot_horizon() from public;
grant execute on function telemetry.snapshot_horizon() to pylayer_admin, pylayer_analyst;
