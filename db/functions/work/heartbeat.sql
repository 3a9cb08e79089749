-- Extends the lease of a task, never beyond the task's timeout_seconds.
--
-- Parameters: p_execution_id; p_lease, the token of its lease; p_lease_seconds from now on, 1 to 3600.
-- Returns:    until when the lease now lasts.
-- Errors:     PT400 invalid_lease; PT404 no_task; PT409 lease_lost, lease_expired: stop working on it.
-- Tables:     work.task_executions (row updated).
-- Repeat:     safe.
create or replace function work.heartbeat(p_execution_id text, p_lease uuid, p_lease_seconds integer default 60)
returns timestamptz
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_until timestamptz;
begin
  perform work.check_lease(p_lease_seconds => p_lease_seconds);
  update work.task_executions as t
  set lease_expires_at = least(
    v_now + make_interval(secs => p_lease_seconds), t.started_at + make_interval(secs => t.timeout_seconds)
  )
  where t.execution_id = p_execution_id and t.lease = p_lease and t.status = 'running' and t.lease_expires_at > v_now
  returning t.lease_expires_at into v_until;
  if not found then
    perform work.refuse_lease(p_execution_id => p_execution_id, p_lease => p_lease);
  end if;
  return v_until;
end
$$;
comment on function work.heartbeat(text, uuid, integer) is
'Extends the lease of a task. Errors: PT400 invalid_lease, PT404 no_task, PT409 lease_lost, lease_expired';
alter function work.heartbeat(text, uuid, integer) owner to pylayer_api;
revoke all on function work.heartbeat(text, uuid, integer) from public;
grant execute on function work.heartbeat(text, uuid, integer) to pylayer_agent;
