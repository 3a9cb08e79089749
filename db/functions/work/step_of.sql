-- A step of a run.
--
-- Parameters: p_run_id, p_step_name.
-- Returns:    the step; null when there is none.
-- Tables:     work.step_executions (read).
create or replace function work.step_of(p_run_id text, p_step_name text) returns work.step_info
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select
    s.run_id, s.step_name, s.status, s.attempt, s.tries, s.output, s.error, s.duration_ms, s.wakes_at, s.started_at,
    s.completed_at
  from work.step_executions as s
  where s.run_id = p_run_id and s.step_name = p_step_name
$$;
comment on function work.step_of(text, text) is 'A step of a run; null when there is none';
alter function work.step_of(text, text) owner to pylayer_api;
revoke all on function work.step_of(text, text) from public;
