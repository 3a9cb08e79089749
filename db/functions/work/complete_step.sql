-- Records the result of a step, begun or not. The first result stays: a repeat returns it.
--
-- Parameters: p_run_id; p_attempt, what work.claim_execution returned; p_step_name, once in a run, at most 500 bytes;
--             p_output, at most 1 MiB; p_duration_ms, null when not known; p_state_data, takes the place of the run's,
--             null keeps it.
-- Returns:    the step, completed, with the output that stays.
-- Errors:     PT400 invalid_name, invalid_duration; PT404 no_run; PT409 stale_attempt, run_ended, run_not_running,
--             deadline_passed; PT413 value_limit.
-- Tables:     work.workflow_executions (row locked, updated), work.step_executions (inserted or updated).
-- Repeat:     safe.
create or replace function work.complete_step(
  p_run_id text,
  p_attempt integer,
  p_step_name text,
  p_output jsonb default null,
  p_duration_ms bigint default null,
  p_state_data jsonb default null
) returns work.step_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
begin
  return work.record_step(
    p_run => work.lock_execution(p_run_id => p_run_id, p_attempt => p_attempt), p_step_name => p_step_name,
    p_status => 'completed', p_output => p_output, p_duration_ms => p_duration_ms, p_state_data => p_state_data
  );
end
$$;
comment on function work.complete_step(text, integer, text, jsonb, bigint, jsonb) is
'Records the result of a step, once. Errors: PT400, PT404 no_run, PT409 stale_attempt, run_ended, PT413 value_limit';
alter function work.complete_step(text, integer, text, jsonb, bigint, jsonb) owner to pylayer_api;
revoke all on function work.complete_step(text, integer, text, jsonb, bigint, jsonb) from public;
grant execute on function work.complete_step(text, integer, text, jsonb, bigint, jsonb) to pylayer_agent;
