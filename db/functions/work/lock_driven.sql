-- Locks a run that something else than a worker of ours drives, and gives it to its driver: the start of one that is new,
-- the resumption of one that waits, has failed or is taken over, and one that was given up while its driver lived.
--
-- Parameters: p_run_id; p_worker, the driver: the ULID at its end says whose start is the latest; p_starts, whether the
--             driver starts or resumes the run; p_alive_seconds, when the run fails if nothing more is recorded.
-- Returns:    the row; not changed where the run is not the driver's.
-- Errors:     PT404 no_run.
-- Tables:     work.workflow_executions (row locked, updated), telemetry.workflow_events (inserted).
create or replace function work.lock_driven(
  p_run_id text, p_worker text, p_starts boolean, p_alive_seconds integer
) returns work.workflow_executions
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_run work.workflow_executions;
  v_alive_until timestamptz := clock_timestamp() + make_interval(secs => p_alive_seconds);
  v_is_driven boolean;
  v_is_next boolean;
begin
  select e.* into v_run from work.workflow_executions as e where e.run_id = p_run_id for no key update;
  if not found then
    perform work.refuse_run(p_run_id => p_run_id, p_status => null);
  end if;
  -- Never claimed: either it was driven before, or it is new, and not of work.start_execution, which makes it due.
  v_is_driven := v_run.lease_seconds is null and (v_run.attempt > 0 or v_run.due_at is null);
  v_is_next := p_starts
    and coalesce(right(coalesce(v_run.worker, v_run.actor), 26) collate "C" < right(p_worker, 26) collate "C", true);
  if not v_is_driven or v_run.status in ('completed', 'cancelled') then
    return v_run;
  end if;
  if v_run.status = 'running' and v_run.worker = p_worker then
    -- An indexed column: renewed when half of the time is gone.
    if v_run.deadline < clock_timestamp() + make_interval(secs => p_alive_seconds / 2.0) then
      update work.workflow_executions as e set deadline = v_alive_until, updated_at = clock_timestamp()
      where e.run_id = p_run_id;
    end if;
  elsif v_is_next or (v_run.status = 'failed' and v_run.worker = p_worker and v_run.actor is null) then
    if v_run.status = 'failed' then
      update work.workflow_executions as e set status = 'pending', reason = null, error = null, actor = p_worker
      where e.run_id = p_run_id;
    end if;
    update work.workflow_executions as e
    set
      status = 'running', reason = null, actor = p_worker, worker = p_worker, attempt = e.attempt + v_is_next::integer,
      waiting_for = null, due_at = null, deadline = v_alive_until, updated_at = clock_timestamp()
    where e.run_id = p_run_id
    returning e.* into v_run;
  end if;
  return v_run;
end
$$;
comment on function work.lock_driven(text, text, boolean, integer) is
'Locks a run that something else drives, and gives it to its driver. Errors: PT404 no_run';
alter function work.lock_driven(text, text, boolean, integer) owner to pylayer_api;
revoke all on function work.lock_driven(text, text, boolean, integer) from public;
