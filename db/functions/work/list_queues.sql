-- The queues and their settings, by name.
--
-- Tables: work.queues (read).
create or replace function work.list_queues()
returns setof work.queues
language sql stable parallel safe security definer  -- definer on purpose: agents hold no right on the table
set search_path = pg_catalog, pg_temp
as $$
  select
    q.queue,
    q.paused_at,
    q.events,
    q.key_limit,
    q.retry_base_seconds,
    q.retry_max_seconds,
    q.retention_days,
    q.created_at,
    q.updated_at
  from work.queues as q
  order by q.queue
$$;
comment on function work.list_queues() is
'The queues and their settings, by name';
alter function work.list_queues() owner to pylayer_api;
revoke all on function work.list_queues() from public;
grant execute on function work.list_queues() to pylayer_agent, pylayer_admin;
