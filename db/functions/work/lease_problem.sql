-- Why a lease does not hold.
--
-- Parameters: p_execution_id, p_lease.
-- Returns:    no_task, lease_expired, or else lease_lost.
-- Tables:     work.task_executions (read).
create or replace function work.lease_problem(p_execution_id text, p_lease uuid)
returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    (
      select case when t.status = 'running' and t.lease = p_lease then 'lease_expired' else 'lease_lost' end
      from work.task_executions as t
      where t.execution_id = p_execution_id
    ),
    'no_task'
  )
$$;
comment on function work.lease_problem(text, uuid) is
'Why a lease does not hold: no_task, lease_expired or lease_lost';
alter function work.lease_problem(text, uuid) owner to pylayer_api;
revoke all on function work.lease_problem(text, uuid) from public;
