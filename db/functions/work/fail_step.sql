-- Records that a try of a step failed. It may be tried again; one that is complete stays complete.
--
-- Parameters: p_run_id; p_attempt, what work.claim_execution returned; p_step_name, once in a run, at most 500 bytes;
--             p_error, for people: the first 10,000 characters are kept; p_duration_ms, null when not known.
-- Returns:    the step.
-- Errors:     PT400 invalid_name, invalid_duration; PT404 no_run; PT409 stale_attempt, run_ended, run_not_running,
--             deadline_passed.
-- Tables:     work.workflow_executions (row locked, updated), work.step_executions (inserted or updated).
-- Repeat:     safe; each counts as a failure.
create or replace function work.fail_step(
  p_run_id text, p_attempt integer, p_step_name text, p_error text, p_duration_ms bigint default null
) returns work.step_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
begin
  return work.record_step(
    p_run => work.lock_execution(p_run_id => p_run_id, p_attempt => p_attempt), p_step_name => p_step_name,
    p_status => 'failed', p_error => p_error, p_duration_ms => p_duration_ms
  );
end
$$;
comment on function work.fail_step(text, integer, text, text, bigint) is
'Records that a try of a step failed; it may be tried again. Errors: PT400, PT404 no_run, PT409 stale_attempt, run_ended';
alter function work.fail_step(text, integer, text, text, bigint) owner to pylayer_api;
revoke all on function work.fail_step(text, integer, text, text, bigint) from public;
grant execute on function work.fail_step(text, integer, text, text, bigint) to pylayer_agent;
