-- The time since which every task that ended is still there: older ones of some queue may have been purged.
--
-- Returns: now, less the least retention_days of the queues.
-- Tables:  work.queues (read).
create or replace function work.tasks_kept_from()
returns timestamptz
language sql stable parallel safe security definer  -- definer on purpose: callers need no right on the table
set search_path = pg_catalog, pg_temp
as $$
  select now() - make_interval(days => min(q.retention_days)) from work.queues as q
$$;
comment on function work.tasks_kept_from() is 'Time since which every task that ended is still there';
alter function work.tasks_kept_from() owner to pylayer_api;
revoke all on function work.tasks_kept_from() from public;
grant execute on function work.tasks_kept_from() to pylayer_admin, pylayer_analyst;
