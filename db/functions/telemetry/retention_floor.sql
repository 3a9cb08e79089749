-- The least event id that is accepted. It only grows.
--
-- Returns: a ULID whose random part is zero: the start of a month.
-- Tables:  core.settings (read).
create or replace function telemetry.retention_floor() returns text
language sql stable parallel safe security definer  -- definer on purpose: callers hold no right on core.settings
set search_path = pg_catalog, pg_temp
as $$
  select s.retention_floor from core.settings as s
$$;
comment on function telemetry.retention_floor() is
'Least event id (ULID) that is accepted; ids below it were dropped by retention. It only grows';
alter function telemetry.retention_floor() owner to pylayer_api;
revoke all on function telemetry.retention_floor() from public;
grant execute on function telemetry.retention_floor()
to pylayer_api, pylayer_admin, pylayer_agent, pylayer_analyst, pylayer_auditor;
