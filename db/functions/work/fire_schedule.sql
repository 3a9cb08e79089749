-- Enqueues the task of a schedule for one of its times, once, whoever asks how often.
--
-- Parameters: p_schedule; p_due_at, its next time, which has come; p_next_at, the one after it, which the caller computes.
-- Returns:    the id of the task; null when the schedule is past that time, or has another one.
-- Errors:     PT400 invalid_time: p_due_at has not come, or p_next_at is not after it; PT404 no_schedule; those of
--             work.enqueue_tasks.
-- Tables:     work.task_schedules (row updated), then as work.enqueue_tasks.
-- Repeat:     safe; that is what it is for.
create or replace function work.fire_schedule(p_schedule text, p_due_at timestamptz, p_next_at timestamptz)
returns text
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_task jsonb;
begin
  if (p_due_at <= clock_timestamp() and p_next_at > p_due_at and p_next_at <= '9999-12-31 00:00:00+00') is not true then
    raise exception using
      errcode = 'PT400', message = 'the time has not come, or the next one is not after it', constraint = 'invalid_time',
      detail = format('due %s, next %s', p_due_at, p_next_at), hint = 'work.list_schedules names the next time of each schedule';
  end if;
  update work.task_schedules as s
  set last_at = p_due_at, next_at = p_next_at
  where s.schedule = p_schedule and s.next_at = p_due_at
  returning s.task into v_task;
  if found then
    return (
      select e.execution_id from work.enqueue_tasks(p_tasks => jsonb_build_array(
        v_task || jsonb_build_object('unique_key', format('schedule:%s:%s', p_schedule, extract(epoch from p_due_at)))
      )) as e
    );
  elsif not exists (select from work.task_schedules as s where s.schedule = p_schedule) then
    raise exception using
      errcode = 'PT404', message = 'there is no such schedule', constraint = 'no_schedule',
      detail = coalesce(left(p_schedule, 64), 'null'), hint = 'work.set_schedule makes one';
  end if;
  return null;
end
$$;
comment on function work.fire_schedule(text, timestamptz, timestamptz) is
'Enqueues the task of a schedule for one of its times, once. Errors: PT400 invalid_time, PT404 no_schedule';
alter function work.fire_schedule(text, timestamptz, timestamptz) owner to pylayer_api;
revoke all on function work.fire_schedule(text, timestamptz, timestamptz) from public;
grant execute on function work.fire_schedule(text, timestamptz, timestamptz) to pylayer_agent;
