-- Pauses a queue or lets it go on. A paused queue takes tasks and hands none out; those that run go on.
--
-- Parameters: p_queue; p_paused, false to go on.
-- Returns:    whether this call changed it.
-- Errors:     PT400 invalid_queue.
-- Tables:     work.queues (inserted or updated).
-- Repeat:     safe.
create or replace function work.pause_queue(p_queue text, p_paused boolean default true)
returns boolean
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
begin
  perform work.check_queue(p_queue => p_queue);
  insert into work.queues (queue) values (p_queue) on conflict (queue) do nothing;
  update work.queues as q
  set paused_at = case when p_paused is not false then clock_timestamp() end, updated_at = clock_timestamp()
  where q.queue = p_queue and (q.paused_at is null) = (p_paused is not false);
  return found;
end
$$;
comment on function work.pause_queue(text, boolean) is
'Pauses a queue or lets it go on; true when that changed it. Errors: PT400 invalid_queue';
alter function work.pause_queue(text, boolean) owner to pylayer_api;
revoke all on function work.pause_queue(text, boolean) from public;
grant execute on function work.pause_queue(text, boolean) to pylayer_admin;
