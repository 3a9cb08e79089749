-- What time does to tasks, off the path of the claims: those whose time has come become ready; those whose lease has expired
-- are tried again, or are dead letters. Workers call it about once a second; one session at a time does it.
--
-- Parameters: p_limit, most tasks of each kind, 1 to 10000.
-- Returns:    how many were made ready (or blocked by their key), and how many leases had expired; both null when another
--             session is at it.
-- Errors:     PT400 invalid_limit; PT409 not_read_committed (with a concurrency_key).
-- Tables:     an advisory lock; work.task_executions (rows locked, skipping locked ones, and updated), then as
--             work.settle_changes.
-- Repeat:     safe.
create or replace function work.sweep_tasks(p_limit integer default 1000, out due integer, out expired integer)
returns record
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_changes work.task_change[];
  v_expired text[];
begin
  if (p_limit between 1 and 10000) is not true then
    raise exception using
      errcode = 'PT400', message = 'the number of tasks is out of range', constraint = 'invalid_limit',
      detail = coalesce(p_limit::text, 'null'), hint = '1 to 10000';
  end if;
  if not pg_try_advisory_xact_lock(hashtextextended('work.sweep_tasks', 0)) then
    return;
  end if;
  with due as (
    select s.execution_id from work.task_executions as s
    where s.status = 'scheduled' and s.scheduled_at <= clock_timestamp()
    order by s.scheduled_at
    limit p_limit
    for no key update skip locked
  ),
  moved as (
    update work.task_executions as t
    set
      status = case when t.concurrency_key is null then 'ready' else 'blocked' end::work.task_status,
      position = nextval('work.task_positions')
    from due
    where t.execution_id = due.execution_id
    returning t.*
  )
  select coalesce(array_agg(row(
    m.execution_id, m.queue, 'scheduled', m.status, m.run_id, m.workflow_name, m.project_id, m.concurrency_key, null, null,
    null
  )::work.task_change), '{}')
  into v_changes
  from moved as m;
  v_expired := array(
    select r.execution_id from work.task_executions as r
    where r.status = 'running' and r.lease_expires_at <= clock_timestamp()
    order by r.lease_expires_at
    limit p_limit
    for no key update skip locked
  );
  if v_changes <> '{}' then
    perform work.settle_changes(p_changes => v_changes);
  end if;
  if v_expired <> '{}' then
    perform work.end_attempts(
      p_execution_ids => v_expired, p_error => 'lease expired', p_retry => true, p_delay_seconds => null
    );
  end if;
  due := cardinality(v_changes);
  expired := cardinality(v_expired);
end
$$;
comment on function work.sweep_tasks(integer) is
'Makes tasks ready whose time has come, and ends attempts whose lease has expired. Errors: PT400 invalid_limit';
alter function work.sweep_tasks(integer) owner to pylayer_api;
revoke all on function work.sweep_tasks(integer) from public;
grant execute on function work.sweep_tasks(integer) to pylayer_agent;
