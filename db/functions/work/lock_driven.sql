-- Locks a run that something else than a worker of ours drives, and gives it to its driver: to a later one, which resumes
-- it or takes it over, and to its own if it was given up while that lived.
--
-- Parameters: p_run_id; p_worker, the driver: the ULID at its end says whose start is the latest; p_started_at, when it
--             started or resumed the run, null: it does not now; p_alive_seconds, when the run fails if nothing more is
--             recorded.
-- Returns:    the row; not changed where the run is not the driver's.
-- Errors:     PT404 no_run.
-- Tables:     work.workflow_executions (row locked, updated), telemetry.workflow_events (inserted).
create or replace function work.lock_driven(
  p_run_id text, p_worker text, p_started_at timestamptz, p_alive_seconds integer
) returns work.workflow_executions
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_run work.workflow_executions;
  v_alive_until timestamptz := clock_timestamp() + make_interval(secs => p_alive_seconds);
  v_is_next boolean;
begin
  select e.* into v_run from work.workflow_executions as e where e.run_id = p_run_id for no key update;
  if not found then
    perform work.refuse_run(p_run_id => p_run_id, p_status => null);
  end if;
  v_is_next := p_started_at is not null
    and coalesce(right(coalesce(v_run.worker, v_run.actor), 26) collate "C" < right(p_worker, 26) collate "C", true);
  if v_run.attempt = 0 or v_run.lease_seconds is not null or v_run.status in ('completed', 'cancelled') then
    return v_run;  -- pending or claimed, it belongs to workers
  end if;
  if v_run.status = 'running' and v_run.worker = p_worker then
    -- An indexed column: renewed when half of the time is gone.
    if v_run.deadline < clock_timestamp() + make_interval(secs => p_alive_seconds / 2.0) then
      update work.workflow_executions as e set deadline = v_alive_until, updated_at = clock_timestamp()
      where e.run_id = p_run_id;
    end if;
  elsif v_is_next or (v_run.status = 'failed' and v_run.worker = p_worker and v_run.actor is null) then
    update work.workflow_executions as e
    set
      status = 'running', status_at = coalesce(p_started_at, clock_timestamp()), reason = null, error = null, actor = p_worker, worker = p_worker,
      attempt = e.attempt + v_is_next::integer, due_at = null, deadline = v_alive_until, updated_at = clock_timestamp()
    where e.run_id = p_run_id
    returning e.* into v_run;
  end if;
  return v_run;
end
$$;
comment on function work.lock_driven(text, text, timestamptz, integer) is
'Locks a run that something else drives, and gives it to its driver. Errors: PT404 no_run';
alter function work.lock_driven(text, text, timestamptz, integer) owner to pylayer_api;
revoke all on function work.lock_driven(text, text, timestamptz, integer) from public;
