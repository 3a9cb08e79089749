-- Wakes the workers of a queue that listen on pylayer_tasks. To be called after the commit of what enqueues, now and then: a
-- notification takes a lock that all committing notifiers share, and workers look by themselves too.
--
-- Parameters: p_queue.
-- Errors:     PT400 invalid_queue.
create or replace function work.notify_tasks(p_queue text)
returns void
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
begin
  perform work.check_queue(p_queue => p_queue);
  perform pg_notify('pylayer_tasks', p_queue);
end
$$;
comment on function work.notify_tasks(text) is
'Wakes the workers of a queue. Errors: PT400 invalid_queue';
alter function work.notify_tasks(text) owner to pylayer_api;
revoke all on function work.notify_tasks(text) from public;
grant execute on function work.notify_tasks(text) to pylayer_agent;
