-- The spans of a run, by their start, page by page.
--
-- Parameters: p_run_id; p_limit, 1 to 1000; p_after, span_id that ended the previous page; null is the first page.
-- Returns:    the spans.
-- Errors:     PT400 invalid_limit; PT404 no_run, no_span (p_after).
-- Tables:     work.workflow_executions, work.execution_traces (read).
create or replace function work.list_traces(p_run_id text, p_limit integer default 1000, p_after text default null)
returns setof work.execution_traces
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_after timestamptz;
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  perform work.get_execution(p_run_id => p_run_id);
  if p_after is not null then
    select t.started_at into v_after from work.execution_traces as t where t.run_id = p_run_id and t.span_id = p_after;
    if not found then
      raise exception using
        errcode = 'PT404', message = 'the run has no such span', constraint = 'no_span',
        detail = format('run %s, span %s', p_run_id, left(p_after, 200)), hint = 'give the last span_id of the page before';
    end if;
  end if;
  return query
  select
    t.run_id, t.span_id, t.parent_span_id, t.name, t.kind, t.step_name, t.status, t.error, t.input_ref, t.output_ref,
    t.model, t.input_tokens, t.cached_input_tokens, t.output_tokens, t.cost_usd, t.metadata, t.started_at, t.ended_at,
    t.recorded_at
  from work.execution_traces as t
  where t.run_id = p_run_id and (p_after is null or (t.started_at, t.span_id) > (v_after, p_after))
  order by t.started_at, t.span_id
  limit p_limit;
end
$$;
comment on function work.list_traces(text, integer, text) is
'The spans of a run by their start, in keyset pages. Errors: PT400 invalid_limit, PT404 no_run, no_span';
alter function work.list_traces(text, integer, text) owner to pylayer_api;
revoke all on function work.list_traces(text, integer, text) from public;
grant execute on function work.list_traces(text, integer, text) to pylayer_agent, pylayer_analyst, pylayer_auditor;
