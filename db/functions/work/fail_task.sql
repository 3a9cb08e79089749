-- Ends an attempt of a task that failed: it is tried again after a wait, or, after max_retries, is a dead letter.
--
-- Parameters: p_execution_id; p_lease, the token of its lease; p_error, why, of which 10000 characters are kept; p_retry,
--             whether it may be tried again at all; p_delay_seconds, the wait until then, 0 to 315360000; null is the queue's:
--             retry_base_seconds doubled with each attempt, at most retry_max_seconds, with jitter.
-- Returns:    its status, scheduled or failed, and when it is tried again.
-- Errors:     PT400 invalid_delay; PT404 no_task; PT409 lease_lost, lease_expired, not_read_committed (with a concurrency_key).
-- Tables:     work.task_executions (row locked, updated), then as work.end_attempts.
-- Repeat:     safe until it is tried again.
create or replace function work.fail_task(
  p_execution_id text,
  p_lease uuid,
  p_error text,
  p_retry boolean default true,
  p_delay_seconds double precision default null,
  out status work.task_status,
  out scheduled_at timestamptz
)
returns record
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_task record;
begin
  if p_delay_seconds not between 0 and 315360000 then
    raise exception using
      errcode = 'PT400', message = 'the wait is out of range', constraint = 'invalid_delay',
      detail = p_delay_seconds::text, hint = '0 to 315360000 seconds; null for that of the queue';
  end if;
  select t.status, t.lease_expires_at > clock_timestamp() as is_held into v_task
  from work.task_executions as t
  where t.execution_id = p_execution_id and t.lease = p_lease
  for no key update;
  if v_task.status = 'running' and v_task.is_held then
    perform work.end_attempts(
      p_execution_ids => array[p_execution_id], p_error => left(p_error, 10000), p_retry => p_retry is not false,
      p_delay_seconds => p_delay_seconds
    );
  elsif v_task.status is null or v_task.status in ('running', 'completed') then
    perform work.refuse_lease(p_execution_id => p_execution_id, p_lease => p_lease);
  end if;
  select t.status, case when t.status <> 'failed' then t.scheduled_at end into status, scheduled_at
  from work.task_executions as t
  where t.execution_id = p_execution_id;
end
$$;
comment on function work.fail_task(text, uuid, text, boolean, double precision) is
'Ends an attempt of a task that failed: tried again, or a dead letter. Errors: PT400, PT404 no_task, PT409 lease_lost, lease_expired';
alter function work.fail_task(text, uuid, text, boolean, double precision) owner to pylayer_api;
revoke all on function work.fail_task(text, uuid, text, boolean, double precision) from public;
grant execute on function work.fail_task(text, uuid, text, boolean, double precision) to pylayer_agent;
