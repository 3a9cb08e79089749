-- Makes a run due that waits for the end of a run that it started, in the transaction that ends that run. Whoever ends a run
-- locks such a parent first (work.lock_waiting_parent): runs are locked from the top down.
--
-- Tables: work.workflow_executions (the parent's row updated).
create or replace function work.wake_parent() returns trigger
language plpgsql volatile security definer  -- definer on purpose: the parent follows whoever ends the child
set search_path = pg_catalog, pg_temp
as $$
begin
  update work.workflow_executions as e set due_at = new.completed_at, updated_at = new.completed_at
  where e.run_id = new.parent_run_id and e.status = 'waiting' and e.waiting_for = 'run ' || new.run_id;
  return null;
end
$$;
comment on function work.wake_parent() is
'Trigger function: a run that waits for the end of a run that it started becomes due';
alter function work.wake_parent() owner to pylayer_api;
revoke all on function work.wake_parent() from public;

create or replace trigger workflow_executions_wake_parent after update on work.workflow_executions
for each row when (
  new.parent_run_id is not null and new.completed_at is not null and old.completed_at is null
) execute function work.wake_parent();
