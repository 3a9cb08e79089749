-- Makes blocked tasks of concurrency keys ready, as many as the limit of their queue leaves room for.
-- Who changes a key's room (enqueues, finishes) calls this in the same transaction: so no task is blocked that has room.
--
-- Parameters: p_queues and p_keys, queue and key by pairs; a pair may stand there twice.
-- Errors:     PT409 not_read_committed: the count would be that of an older snapshot.
-- Tables:     one of 1024 advisory locks a key, in order of its number, until the transaction ends; then work.task_executions
--             (blocked rows, which nobody else changes meanwhile) and telemetry.workflow_events.
create or replace function work.admit_tasks(p_queues text[], p_keys text[])
returns void
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_changes work.task_change[];
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using
      errcode = 'PT409', message = 'tasks with a concurrency key need read committed', constraint = 'not_read_committed',
      detail = current_setting('transaction_isolation'), hint = 'call it in a transaction that is read committed';
  end if;
  perform pg_advisory_xact_lock(hashtext('work.admit_tasks'), n.number)
  from (
    select distinct (hashtextextended(k.key, hashtext(k.queue)) & 1023)::integer as number
    from unnest(p_queues, p_keys) as k (queue, key) order by 1
  ) as n;
  with admitted as (
    update work.task_executions as t
    set status = 'ready', position = nextval('work.task_positions')
    from (select distinct u.queue, u.key from unnest(p_queues, p_keys) as u (queue, key)) as k
    inner join work.queues as q on q.queue = k.queue
    cross join lateral (
      select b.execution_id from work.task_executions as b
      where b.queue = k.queue and b.concurrency_key = k.key and b.status = 'blocked'
      order by b.priority, b.position
      limit greatest(q.key_limit - (
        select count(*) from work.task_executions as r
        where r.queue = k.queue and r.concurrency_key = k.key and r.status in ('ready', 'running')
      ), 0)
    ) as b
    where t.execution_id = b.execution_id
    returning t.*
  )
  select array_agg(row(
    a.execution_id, a.queue, 'blocked', 'ready', a.run_id, a.workflow_name, a.project_id, null, null, null, a.scheduled_at
  )::work.task_change)
  into v_changes
  from admitted as a;
  if v_changes is not null then
    perform work.store_task_events(p_changes => v_changes);
  end if;
end
$$;
comment on function work.admit_tasks(text[], text[]) is
'Makes blocked tasks ready where their concurrency key has room. Errors: PT409 not_read_committed';
alter function work.admit_tasks(text[], text[]) owner to pylayer_api;
revoke all on function work.admit_tasks(text[], text[]) from public;
