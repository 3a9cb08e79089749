-- Removes a schedule; the tasks that it enqueued stay.
--
-- Parameters: p_schedule.
-- Returns:    whether there was one.
-- Tables:     work.task_schedules (row deleted).
-- Repeat:     safe.
create or replace function work.remove_schedule(p_schedule text)
returns boolean
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
begin
  delete from work.task_schedules as s where s.schedule = p_schedule;
  return found;
end
$$;
comment on function work.remove_schedule(text) is
'Removes a schedule; true when there was one';
alter function work.remove_schedule(text) owner to pylayer_api;
revoke all on function work.remove_schedule(text) from public;
grant execute on function work.remove_schedule(text) to pylayer_admin;
