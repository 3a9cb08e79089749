-- The steps of a run, by name, page by page.
--
-- Parameters: p_run_id; p_limit, 1 to 1000; p_after, step_name that ended the previous page; null is the first page.
-- Returns:    the steps.
-- Errors:     PT400 invalid_limit; PT404 no_run.
-- Tables:     work.workflow_executions, work.step_executions (read).
create or replace function work.list_steps(p_run_id text, p_limit integer default 1000, p_after text default null)
returns setof work.step_info
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  perform work.get_execution(p_run_id => p_run_id);
  return query
  select
    s.run_id, s.step_name, s.status, s.attempt, s.tries, s.output, s.error, s.duration_ms, s.wakes_at, s.started_at,
    s.completed_at
  from work.step_executions as s
  where s.run_id = p_run_id and (p_after is null or s.step_name > p_after)
  order by s.step_name
  limit p_limit;
end
$$;
comment on function work.list_steps(text, integer, text) is
'The steps of a run by name, in keyset pages. Errors: PT400 invalid_limit, PT404 no_run';
alter function work.list_steps(text, integer, text) owner to pylayer_api;
revoke all on function work.list_steps(text, integer, text) from public;
grant execute on function work.list_steps(text, integer, text) to pylayer_agent, pylayer_analyst, pylayer_auditor;
