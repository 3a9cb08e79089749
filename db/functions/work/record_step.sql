-- Records what became of a step of a run that the caller has locked: a step that is complete stays as it is.
--
-- Parameters: p_run, the locked row; p_step_name; p_status; p_output; p_error; p_duration_ms, of this try, null when not
--             known; p_wakes_at, of a wait; p_state_data, for the run, null keeps its own.
-- Returns:    the step; as it was first recorded when it is complete already.
-- Errors:     PT400 invalid_name, invalid_duration; PT413 value_limit.
-- Tables:     work.step_executions (inserted or updated), work.workflow_executions (updated).
create or replace function work.record_step(
  p_run work.workflow_executions,
  p_step_name text,
  p_status text,
  p_output jsonb default null,
  p_error text default null,
  p_duration_ms bigint default null,
  p_wakes_at timestamptz default null,
  p_state_data jsonb default null
) returns work.step_info
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_lease interval := make_interval(secs => p_run.lease_seconds);
  v_step work.step_info;
begin
  perform work.check_run_text(p_what => 'step_name', p_value => p_step_name, p_bytes => 500);
  perform work.check_document(p_what => 'output', p_value => p_output);
  perform work.check_document(p_what => 'state_data', p_value => p_state_data);
  if p_duration_ms not between 0 and 9007199254740992 then
    raise exception using
      errcode = 'PT400', message = 'a duration is out of range', constraint = 'invalid_duration',
      detail = p_duration_ms::text, hint = 'send milliseconds, from 0 to 2^53';
  end if;
  insert into work.step_executions as s (
    run_id, step_name, status, attempt, output, error, duration_ms, wakes_at, started_at, completed_at
  )
  values (
    p_run.run_id, p_step_name, p_status, p_run.attempt, p_output, left(p_error, 10000), p_duration_ms, p_wakes_at,
    greatest(v_now - coalesce(p_duration_ms, 0) * interval '1 ms', p_run.created_at),
    case when p_status = 'completed' then v_now end
  )
  on conflict (run_id, step_name) do update
  set
    status = excluded.status, attempt = excluded.attempt, output = excluded.output, error = excluded.error,
    duration_ms = excluded.duration_ms, wakes_at = excluded.wakes_at, completed_at = excluded.completed_at,
    -- What was begun or waited is the same try; what had failed, or was begun again, is the next one.
    tries = s.tries + (s.status = 'failed' or excluded.status = 'running')::integer,
    started_at = case
      when s.status = 'failed' or excluded.status = 'running' then excluded.started_at else s.started_at
    end
  where s.status <> 'completed'
  returning
    s.run_id, s.step_name, s.status, s.attempt, s.tries, s.output, s.error, s.duration_ms, s.wakes_at, s.started_at,
    s.completed_at
  into v_step;
  if not found then
    return work.step_of(p_run_id => p_run.run_id, p_step_name => p_step_name);
  end if;
  update work.workflow_executions as e
  set
    current_step = p_step_name,
    completed_steps = e.completed_steps + (p_status = 'completed')::integer,
    error_count = e.error_count + (p_status = 'failed')::integer,
    state_data = coalesce(p_state_data, e.state_data),
    -- An indexed column: renewed when half of the lease is gone, so that most steps change no index.
    due_at = case when e.due_at < v_now + v_lease / 2 then v_now + v_lease else e.due_at end,
    updated_at = v_now
  where e.run_id = p_run.run_id;
  return v_step;
end
$$;
comment on function work.record_step(work.workflow_executions, text, text, jsonb, text, bigint, timestamptz, jsonb) is
'Records what became of a step of a run that the caller has locked';
alter function work.record_step(
  work.workflow_executions, text, text, jsonb, text, bigint, timestamptz, jsonb
) owner to pylayer_api;
revoke all on function work.record_step(
  work.workflow_executions, text, text, jsonb, text, bigint, timestamptz, jsonb
) from public;
