-- Records what a run does that something else drives, such as a LangGraph graph: its start or resumption, spans that have
-- ended, how it stands. No lease governs such a run, and no worker claims it. Its driver says again and again that it
-- lives: what dies is made to fail by work.expire_executions, and a driver that lives after all takes its run up again.
--
-- Parameters:
--   p_run_id       free text of at most 500 bytes
--   p_worker       who drives the run: a name of at most 200 bytes that ends with a ULID of its own for each start or
--                  resumption. A later one takes the run over, an earlier one changes it no more
--   p_workflow_id  workflow, at most 200 bytes, where the call starts or resumes the run; null: it does not
--   p_started_at   when it was started or resumed; null, like a time to come or 23 hours ago, is now
--   p_inputs, p_project_id, p_metadata  of a run that is new
--   p_spans        as work.record_traces; one that is an attempt of its step has an outcome, too: completed, failed or
--                  waiting. Each adds a try to its step
--   p_status       waiting, completed, failed or cancelled, where the call ends what the driver does; null: it goes on
--   p_status_at    when that was, as p_started_at
--   p_outputs, p_error, p_reason  of a run that has ended; of the texts the first 10,000 and 1,000 characters are kept
--   p_alive_seconds  when the run fails if nothing more is recorded, 1 to 86,400
-- Returns: whether the run is this driver's: false where another one took it over or a worker claimed it, where it had ended,
--          and where it was cancelled. Spans are stored all the same.
-- Errors:  PT400 invalid_name, invalid_project_id, invalid_metadata, invalid_spans, invalid_status, invalid_lease; PT404
--          no_run; PT413 value_limit; 22P02, 22007, 22008, 22003 for a value of another type.
-- Tables:  work.workflow_executions (inserted or row locked, updated), work.execution_traces (inserted),
--          work.step_executions (inserted or updated), telemetry.workflow_events (inserted), in this order.
-- Repeat:  safe.
create or replace function work.record_execution(
  p_run_id text,
  p_worker text,
  p_workflow_id text default null,
  p_started_at timestamptz default null,
  p_inputs jsonb default null,
  p_project_id text default null,
  p_metadata jsonb default null,
  p_spans jsonb default null,
  p_status text default null,
  p_status_at timestamptz default null,
  p_outputs jsonb default null,
  p_error text default null,
  p_reason text default null,
  p_alive_seconds integer default 600
) returns boolean
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_oldest timestamptz := v_now - interval '23 hours';  -- an event is refused whose time is a day from that of its id
  v_started_at timestamptz := case when p_started_at between v_oldest and v_now then p_started_at else v_now end;
  v_status_at timestamptz := case when p_status_at between v_oldest and v_now then p_status_at else v_now end;
  v_run work.workflow_executions;
  v_attempts jsonb;
begin
  perform work.check_driver(p_worker => p_worker, p_status => p_status, p_alive_seconds => p_alive_seconds);
  perform work.check_document(p_what => 'outputs', p_value => p_outputs);
  if p_workflow_id is not null then
    perform work.check_run_text(p_what => 'run_id', p_value => p_run_id, p_bytes => 500);
    perform work.check_run_text(p_what => 'workflow_id', p_value => p_workflow_id, p_bytes => 200);
    perform work.check_run_facts(p_project_id => p_project_id, p_metadata => p_metadata, p_tags => null, p_times => null);
    perform work.check_document(p_what => 'inputs', p_value => p_inputs);
    insert into work.workflow_executions as e (
      run_id, workflow_id, status, status_at, created_at, inputs, actor, worker, attempt, deadline, project_id, metadata
    )
    values (
      p_run_id, p_workflow_id, 'running', v_started_at, v_started_at, coalesce(p_inputs, '{}'), p_worker, p_worker, 1,
      v_now + make_interval(secs => p_alive_seconds), p_project_id, p_metadata
    )
    on conflict do nothing;
  end if;
  v_run := work.lock_driven(
    p_run_id => p_run_id, p_worker => p_worker, p_started_at => case when p_workflow_id is not null then v_started_at end,
    p_alive_seconds => p_alive_seconds
  );
  if p_spans is not null then
    select jsonb_agg(s.span) into v_attempts
    from jsonb_path_query(p_spans, 'lax $[*] ? (exists (@.outcome))') as s (span)
    where not exists (select from work.execution_traces as t where t.run_id = p_run_id and t.span_id = s.span ->> 'span_id');
    perform work.record_traces(p_run_id => p_run_id, p_spans => p_spans);
  end if;
  if coalesce(v_run.worker, v_run.actor) is distinct from p_worker or v_run.lease_seconds is not null then
    return false;
  end if;
  if v_attempts is not null then
    perform work.record_attempts(p_run => v_run, p_attempts => v_attempts);
  end if;
  if v_run.status = 'running' and p_status is not null then
    update work.workflow_executions as e
    set
      status = p_status, status_at = v_status_at, actor = p_worker, worker = case when p_status <> 'waiting' then p_worker end,
      reason = left(p_reason, 1000), error = left(p_error, 10000),
      error_count = e.error_count + (p_status = 'failed')::integer,
      outputs = case when p_status = 'completed' then p_outputs end, deadline = null, updated_at = clock_timestamp()
    where e.run_id = p_run_id;
  end if;
  return v_run.status in ('running', 'waiting') or v_run.actor = p_worker;
end
$$;
comment on function work.record_execution(
  text, text, text, timestamptz, jsonb, text, jsonb, jsonb, text, timestamptz, jsonb, text, text, integer
) is
'Records what a run does that something else drives, such as a graph. Errors: PT400, PT404 no_run, PT413 value_limit';
alter function work.record_execution(
  text, text, text, timestamptz, jsonb, text, jsonb, jsonb, text, timestamptz, jsonb, text, text, integer
) owner to pylayer_api;
revoke all on function work.record_execution(
  text, text, text, timestamptz, jsonb, text, jsonb, jsonb, text, timestamptz, jsonb, text, text, integer
) from public;
grant execute on function work.record_execution(
  text, text, text, timestamptz, jsonb, text, jsonb, jsonb, text, timestamptz, jsonb, text, text, integer
) to pylayer_agent;
