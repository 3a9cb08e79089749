-- The schedules, by their next time.
--
-- Parameters: p_due, only those whose time has come.
-- Tables:     work.task_schedules (read).
create or replace function work.list_schedules(p_due boolean default false)
returns setof work.task_schedules
language sql stable parallel safe security definer  -- definer on purpose: agents hold no right on the table
set search_path = pg_catalog, pg_temp
as $$
  select
    s.schedule,
    s.cron,
    s.timezone,
    s.task,
    s.next_at,
    s.last_at,
    s.created_at,
    s.updated_at
  from work.task_schedules as s
  where not p_due or s.next_at <= statement_timestamp()
  order by s.next_at, s.schedule
$$;
comment on function work.list_schedules(boolean) is
'The schedules, by their next time';
alter function work.list_schedules(boolean) owner to pylayer_api;
revoke all on function work.list_schedules(boolean) from public;
grant execute on function work.list_schedules(boolean) to pylayer_agent, pylayer_admin;
