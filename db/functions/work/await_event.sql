-- A step that is complete once the run was sent an event. Until then the run waits, claimed by nobody.
--
-- Parameters: p_run_id; p_attempt, what work.claim_execution returned; p_step_name, once in a run, at most 500 bytes;
--             p_event_name, at most 200 bytes; p_timeout_seconds, from the first call for the step on, at most ten years;
--             null is for ever.
-- Returns:    the step: waiting (stop, and claim the run again when it is due) or completed: its output is what the event
--             brought, or null when the time ran out. Events that were sent before count; each is received once.
-- Errors:     PT400 invalid_name, invalid_timeout; PT404 no_run; PT409 stale_attempt, run_ended, run_not_running,
--             deadline_passed.
-- Tables:     work.workflow_executions (row locked, updated), work.signals (updated), work.step_executions (inserted or
--             updated), telemetry.workflow_events (inserted).
-- Repeat:     safe by the same attempt.
create or replace function work.await_event(
  p_run_id text, p_attempt integer, p_step_name text, p_event_name text, p_timeout_seconds double precision default null
) returns work.step_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_run work.workflow_executions := work.lock_execution(
    p_run_id => p_run_id, p_attempt => p_attempt, p_ending => 'waiting'
  );
  v_step work.step_info := work.step_of(p_run_id => p_run_id, p_step_name => p_step_name);
  v_wakes_at timestamptz := v_step.wakes_at;
  v_payload jsonb;
begin
  if v_step.status = 'completed' or (v_run.status = 'waiting' and v_step.status = 'waiting') then
    return v_step;
  end if;
  if v_run.status = 'waiting' then  -- for another step
    perform work.refuse_run(p_run_id => p_run_id, p_status => v_run.status);
  end if;
  perform work.check_run_text(p_what => 'step_name', p_value => p_step_name, p_bytes => 500);
  perform work.check_run_text(p_what => 'event_name', p_value => p_event_name, p_bytes => 200);
  if p_timeout_seconds not between 0 and 315576000 then
    raise exception using
      errcode = 'PT400', message = 'a timeout is out of range', constraint = 'invalid_timeout',
      detail = p_timeout_seconds::text, hint = 'use 0 to 315576000 seconds, or null';
  end if;
  if v_step.run_id is null then
    v_wakes_at := clock_timestamp() + make_interval(secs => p_timeout_seconds);
  end if;
  update work.signals as s set step_name = p_step_name, received_at = clock_timestamp()
  where s.signal_id = (
    select o.signal_id from work.signals as o
    where o.run_id = p_run_id and o.event_name = p_event_name and o.step_name is null
    order by o.created_at, o.signal_id
    limit 1
  )
  returning s.payload into v_payload;
  if found or v_wakes_at <= clock_timestamp() then
    return work.record_step(
      p_run => v_run, p_step_name => p_step_name, p_status => 'completed', p_output => v_payload, p_wakes_at => v_wakes_at
    );
  end if;
  return work.suspend_execution(
    p_run => v_run, p_step_name => p_step_name, p_wakes_at => v_wakes_at, p_waiting_for => p_event_name
  );
end
$$;
comment on function work.await_event(text, integer, text, text, double precision) is
'A step that is complete once the run was sent an event; until then the run waits. Errors: PT400, PT404 no_run, PT409';
alter function work.await_event(text, integer, text, text, double precision) owner to pylayer_api;
revoke all on function work.await_event(text, integer, text, text, double precision) from public;
grant execute on function work.await_event(text, integer, text, text, double precision) to pylayer_agent;
