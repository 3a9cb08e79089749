-- Makes a schedule, or changes it.
--
-- Parameters: p_schedule, its name; p_cron, its times as a cron expression, which the scheduler reads; p_task, what it enqueues
--             each time, as work.enqueue_tasks takes it, without unique_key, delay_seconds and scheduled_at; p_next_at, its
--             next time; p_timezone, of the cron expression.
-- Returns:    the schedule. One with the same cron expression and time zone keeps its next time.
-- Errors:     PT400 invalid_schedule, and those of work.check_tasks.
-- Tables:     work.task_schedules (inserted or updated).
-- Repeat:     safe.
create or replace function work.set_schedule(
  p_schedule text, p_cron text, p_task jsonb, p_next_at timestamptz, p_timezone text default 'UTC'
)
returns work.task_schedules
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_schedule work.task_schedules;
begin
  perform work.check_tasks(p_tasks => jsonb_build_array(p_task));
  if (
    p_schedule ~ '^[a-z][a-z0-9_.-]{0,62}$' and length(p_cron) between 1 and 200 and length(p_timezone) between 1 and 64
    and p_next_at between '1970-01-01 00:00:00+00' and '9999-12-31 00:00:00+00'
    and not p_task ?| array['unique_key', 'delay_seconds', 'scheduled_at']
  ) is not true then
    raise exception using
      errcode = 'PT400', message = 'the schedule is malformed', constraint = 'invalid_schedule',
      detail = left(format('%s: cron %s, time zone %s, next %s', p_schedule, p_cron, p_timezone, p_next_at), 400),
      hint = 'a lower-case name, a cron expression, a task without a key or time of its own';
  end if;
  insert into work.task_schedules as s (schedule, cron, timezone, task, next_at)
  values (p_schedule, p_cron, p_timezone, p_task, p_next_at)
  on conflict (schedule) do update set
    cron = excluded.cron,
    timezone = excluded.timezone,
    task = excluded.task,
    next_at = case
      when (s.cron, s.timezone) = (excluded.cron, excluded.timezone) then s.next_at
      else excluded.next_at
    end,
    updated_at = clock_timestamp()
  returning s.* into v_schedule;
  return v_schedule;
end
$$;
comment on function work.set_schedule(text, text, jsonb, timestamptz, text) is
'Makes a schedule, or changes it. Errors: PT400';
alter function work.set_schedule(text, text, jsonb, timestamptz, text) owner to pylayer_api;
revoke all on function work.set_schedule(text, text, jsonb, timestamptz, text) from public;
grant execute on function work.set_schedule(text, text, jsonb, timestamptz, text) to pylayer_admin;
