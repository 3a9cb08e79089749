-- What follows when tasks have changed state, in the same transaction: their events, and room for others with their keys.
--
-- Parameters: p_changes.
-- Errors:     PT409 not_read_committed, for a task with a concurrency key.
-- Tables:     as work.store_task_events, then as work.admit_tasks.
create or replace function work.settle_changes(p_changes work.task_change[])
returns void
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_queues text[];
  v_keys text[];
begin
  perform work.store_task_events(p_changes => p_changes);
  select array_agg(c.queue), array_agg(c.concurrency_key) into v_queues, v_keys
  from unnest(p_changes) as c
  where c.concurrency_key is not null;
  if v_keys is not null then
    perform work.admit_tasks(p_queues => v_queues, p_keys => v_keys);
  end if;
end
$$;
comment on function work.settle_changes(work.task_change[]) is
'Stores the events of changes of tasks'' states, and admits others with their keys. Errors: PT409';
alter function work.settle_changes(work.task_change[]) owner to pylayer_api;
revoke all on function work.settle_changes(work.task_change[]) from public;
