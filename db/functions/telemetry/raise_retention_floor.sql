-- Raises the retention floor to the month that holds the last day to keep, and notes each month that is below it.
-- From now on events of those months are refused: what is dropped later can never come back.
--
-- Returns: the floor, raised or not.
-- Errors:  55P03 core.settings could not be locked within 5 seconds: the same call again.
-- Tables:  core.settings (row updated when the floor rises), telemetry.retired_months (inserted).
-- Repeat:  safe.
create or replace function telemetry.raise_retention_floor() returns text
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: admins hold no right to write tables
set search_path = pg_catalog, pg_temp
set lock_timeout = '5s'
as $$
declare
  v_floor text;
begin
  update core.settings as s
  set retention_floor = core.ulid_floor(date_trunc('month', now() - make_interval(days => s.retention_days), 'UTC'))
  where s.retention_floor
    < core.ulid_floor(date_trunc('month', now() - make_interval(days => s.retention_days), 'UTC')) collate "C";
  v_floor := telemetry.retention_floor();
  insert into telemetry.retired_months (month)
  select t.month from telemetry.month_tables() as t where t.month < core.ulid_time(v_floor)
  on conflict (month) do nothing;
  return v_floor;
end
$$;
comment on function telemetry.raise_retention_floor() is
'Raises the retention floor by core.settings.retention_days and notes the months below it. Errors: 55P03';
alter function telemetry.raise_retention_floor() owner to pylayer_api;
revoke all on function telemetry.raise_retention_floor() from public;
grant execute on function telemetry.raise_retention_floor() to pylayer_admin;
