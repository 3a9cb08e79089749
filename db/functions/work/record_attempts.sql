-- Records attempts of the steps of a run that something else drives: each is a try of its step. A step that is complete
-- stays as it is.
--
-- Parameters: p_run, the locked row; p_attempts, an array of new spans with step_name and outcome (completed, failed or
--             waiting), as work.record_execution takes them.
-- Errors:     PT400 invalid_spans.
-- Tables:     work.step_executions (inserted or updated, in the order of step_name), work.workflow_executions (updated).
create or replace function work.record_attempts(p_run work.workflow_executions, p_attempts jsonb) returns void
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_problem text;
begin
  with attempts as (
    select
      a.step_name, a.outcome, a.error, a.started_at, a.ended_at, count(*) over same_step as tries,
      row_number() over (same_step order by (a.outcome = 'completed') desc, a.ended_at desc) as place
    from jsonb_to_recordset(p_attempts) as a (
      step_name text, outcome text, error text, started_at timestamptz, ended_at timestamptz
    )
    window same_step as (partition by a.step_name)
  ), recorded as (
    insert into work.step_executions as s (
      run_id, step_name, status, attempt, tries, error, duration_ms, started_at, completed_at
    )
    select
      p_run.run_id, a.step_name, a.outcome, p_run.attempt, a.tries, left(a.error, 10000),
      round(extract(epoch from a.ended_at - a.started_at) * 1000), a.started_at,
      case when a.outcome = 'completed' then a.ended_at end
    from attempts as a
    where a.place = 1
    order by a.step_name
    on conflict (run_id, step_name) do update
    set
      status = excluded.status, attempt = excluded.attempt, error = excluded.error, duration_ms = excluded.duration_ms,
      started_at = excluded.started_at, completed_at = excluded.completed_at,
      tries = s.tries + excluded.tries - (s.status in ('running', 'waiting'))::integer  -- which goes on in the next one
    where s.status <> 'completed'
    returning s.status
  )
  update work.workflow_executions as e
  set
    current_step = (select a.step_name from attempts as a order by a.ended_at desc, a.step_name limit 1),
    completed_steps = e.completed_steps + (select count(*) from recorded as r where r.status = 'completed'),
    error_count = e.error_count + (select count(*) from attempts as a where a.outcome = 'failed'),
    updated_at = clock_timestamp()
  where e.run_id = p_run.run_id and e.status = 'running';
exception
  when not_null_violation or check_violation then
    get stacked diagnostics v_problem = message_text;
    raise exception using
      errcode = 'PT400', message = 'the spans cannot be stored', constraint = 'invalid_spans', detail = v_problem,
      hint = 'an attempt has a step_name of 1 to 500 bytes, and the outcome completed, failed or waiting';
end
$$;
comment on function work.record_attempts(work.workflow_executions, jsonb) is
'Records attempts of the steps of a run that something else drives. Errors: PT400 invalid_spans';
alter function work.record_attempts(work.workflow_executions, jsonb) owner to pylayer_api;
revoke all on function work.record_attempts(work.workflow_executions, jsonb) from public;
