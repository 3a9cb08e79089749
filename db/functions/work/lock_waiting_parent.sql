-- Locks the run that waits for the end of a run, if one does, so that this may be ended: runs are locked from the top down.
--
-- Parameters: p_run_id, the run that the caller will lock next, and end.
-- Tables:     work.workflow_executions (row locked until the end of the transaction).
create or replace function work.lock_waiting_parent(p_run_id text) returns void
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
begin
  perform from work.workflow_executions as e
  inner join work.workflow_executions as p on p.run_id = e.parent_run_id and p.waiting_for = 'run ' || e.run_id
  where e.run_id = p_run_id
  for no key update of p;
end
$$;
comment on function work.lock_waiting_parent(text) is 'Locks the run that waits for the end of a run';
alter function work.lock_waiting_parent(text) owner to pylayer_api;
revoke all on function work.lock_waiting_parent(text) from public;
