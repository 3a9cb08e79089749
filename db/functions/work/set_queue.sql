-- Makes a queue, or changes its settings.
--
-- Parameters: p_queue; each of these as it was, or by default, when null: p_events, which changes of its tasks' states become
--             events (terminal, all or none); p_key_limit, most tasks of one concurrency key at once, 1 to 1000;
--             p_retry_base_seconds, wait after a first failure, 0 to 86400, doubled after each further one;
--             p_retry_max_seconds, longest wait, 0 to 604800; p_retention_days, how long completed tasks stay, 1 to 3650.
-- Returns:    the queue.
-- Errors:     PT400 invalid_queue, invalid_setting; 22P02; PT409 not_read_committed.
-- Tables:     work.queues (inserted or updated), then as work.admit_tasks for the keys with blocked tasks.
-- Repeat:     safe.
create or replace function work.set_queue(
  p_queue text,
  p_events work.task_events default null,
  p_key_limit integer default null,
  p_retry_base_seconds double precision default null,
  p_retry_max_seconds double precision default null,
  p_retention_days integer default null
)
returns work.queues
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_queue work.queues;
  v_keys text[];
begin
  perform work.check_queue(p_queue => p_queue);
  if p_key_limit not between 1 and 1000
    or p_retry_base_seconds not between 0 and 86400
    or p_retry_max_seconds not between 0 and 604800
    or p_retention_days not between 1 and 3650 then
    raise exception using
      errcode = 'PT400', message = 'a setting of the queue is out of range', constraint = 'invalid_setting',
      detail = format(
        'key_limit %s, retry_base_seconds %s, retry_max_seconds %s, retention_days %s', p_key_limit, p_retry_base_seconds,
        p_retry_max_seconds, p_retention_days
      ),
      hint = 'work.set_queue names the ranges';
  end if;
  insert into work.queues (queue) values (p_queue) on conflict (queue) do nothing;
  update work.queues as q
  set
    events = coalesce(p_events, q.events),
    key_limit = coalesce(p_key_limit, q.key_limit),
    retry_base_seconds = coalesce(p_retry_base_seconds, q.retry_base_seconds),
    retry_max_seconds = coalesce(p_retry_max_seconds, q.retry_max_seconds),
    retention_days = coalesce(p_retention_days, q.retention_days),
    updated_at = clock_timestamp()
  where q.queue = p_queue
  returning q.* into v_queue;
  if p_key_limit is not null then
    v_keys := array(
      select distinct b.concurrency_key from work.task_executions as b
      where b.queue = p_queue and b.status = 'blocked' and b.concurrency_key is not null
    );
    perform work.admit_tasks(p_queues => array_fill(p_queue, array[cardinality(v_keys)]), p_keys => v_keys);
  end if;
  return v_queue;
end
$$;
comment on function work.set_queue(
  text, work.task_events, integer, double precision, double precision, integer
) is
'Makes a queue, or changes its settings. Errors: PT400 invalid_queue, invalid_setting';
alter function work.set_queue(
  text, work.task_events, integer, double precision, double precision, integer
) owner to pylayer_api;
revoke all on function work.set_queue(
  text, work.task_events, integer, double precision, double precision, integer
) from public;
grant execute on function work.set_queue(
  text, work.task_events, integer, double precision, double precision, integer
) to pylayer_admin;
