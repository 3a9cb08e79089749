-- Says why a lease does not hold.
--
-- Parameters: p_execution_id, p_lease, of a task that p_lease does not hold.
-- Errors:     PT404 no_task; PT409 lease_lost: another token, given back or finished; lease_expired.
-- Tables:     work.task_executions (read).
create or replace function work.refuse_lease(p_execution_id text, p_lease uuid)
returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_reason text := work.lease_problem(p_execution_id => p_execution_id, p_lease => p_lease);
begin
  if v_reason = 'no_task' then
    raise exception using
      errcode = 'PT404', message = 'there is no such task', constraint = 'no_task',
      detail = coalesce(left(p_execution_id, 64), 'null'), hint = 'work.list_tasks shows those that exist';
  elsif v_reason = 'lease_expired' then
    raise exception using
      errcode = 'PT409', message = 'the lease of the task has expired', constraint = 'lease_expired',
      detail = format('task %s', p_execution_id), hint = 'the task runs again; call work.heartbeat in time';
  else
    raise exception using
      errcode = 'PT409', message = 'the lease of the task was lost', constraint = 'lease_lost',
      detail = format('task %s', p_execution_id), hint = 'another worker has the task, or it is finished: drop what was done';
  end if;
end
$$;
comment on function work.refuse_lease(text, uuid) is
'Says why a lease does not hold. Errors: PT404 no_task, PT409 lease_lost, lease_expired';
alter function work.refuse_lease(text, uuid) owner to pylayer_api;
revoke all on function work.refuse_lease(text, uuid) from public;
