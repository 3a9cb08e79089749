-- The time since which every run that ended is still there, with its steps and spans.
--
-- Returns: now, less run_retention_days.
-- Tables:  core.settings (read).
create or replace function work.runs_kept_from()
returns timestamptz
language sql stable parallel safe security definer  -- definer on purpose: callers need no right on core.settings
set search_path = pg_catalog, pg_temp
as $$
  select now() - make_interval(days => s.run_retention_days) from core.settings as s
$$;
comment on function work.runs_kept_from() is 'Time since which every run that ended is still there';
alter function work.runs_kept_from() owner to pylayer_api;
revoke all on function work.runs_kept_from() from public;
grant execute on function work.runs_kept_from() to pylayer_admin, pylayer_analyst;
