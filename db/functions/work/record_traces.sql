-- Stores spans of a run, each once: one that is there stays as it is.
--
-- Parameters: p_run_id; p_spans, an array of at most 1,000 objects and 1 MiB, with the columns of work.execution_traces:
--             span_id, name, kind (llm, tool, retrieval or agent), started_at and ended_at; and, where known,
--             parent_span_id, step_name, status (ok, or error), error, input_ref, output_ref, model, input_tokens,
--             cached_input_tokens, output_tokens, cost_usd, metadata.
-- Returns:    how many are new.
-- Errors:     PT400 invalid_spans; PT404 no_run; PT413 value_limit; 22P02, 22007, 22008, 22003 for a value of another type.
-- Tables:     work.workflow_executions (read), work.execution_traces (inserted, in the order of span_id).
-- Repeat:     safe.
create or replace function work.record_traces(p_run_id text, p_spans jsonb) returns integer
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_problem text;
  v_stored integer;
begin
  perform work.get_execution(p_run_id => p_run_id);
  perform work.check_document(p_what => 'spans', p_value => p_spans);
  if jsonb_typeof(p_spans) is distinct from 'array' or jsonb_array_length(p_spans) > 1000
    or jsonb_path_exists(p_spans, 'strict $[*] ? (@.type() != "object")', silent => true) then
    v_problem := 'spans is not an array of at most 1000 objects';
  else
    insert into work.execution_traces (
      run_id, span_id, parent_span_id, name, kind, step_name, status, error, input_ref, output_ref, model, input_tokens,
      cached_input_tokens, output_tokens, cost_usd, metadata, started_at, ended_at
    )
    select
      p_run_id, s.span_id, s.parent_span_id, s.name, s.kind, s.step_name, coalesce(s.status, 'ok'), left(s.error, 10000),
      s.input_ref, s.output_ref, s.model, s.input_tokens, s.cached_input_tokens, s.output_tokens, s.cost_usd, s.metadata,
      s.started_at, s.ended_at
    from jsonb_to_recordset(p_spans) as s (
      span_id text, parent_span_id text, name text, kind text, step_name text, status text, error text, input_ref text,
      output_ref text, model text, input_tokens bigint, cached_input_tokens bigint, output_tokens bigint, cost_usd numeric,
      metadata jsonb, started_at timestamptz, ended_at timestamptz
    )
    order by s.span_id
    on conflict do nothing;
    get diagnostics v_stored = row_count;
    return v_stored;
  end if;
  raise exception using
    errcode = 'PT400', message = 'the spans cannot be stored', constraint = 'invalid_spans', detail = v_problem,
    hint = 'send an array of objects with span_id, name, kind, started_at and ended_at';
exception
  when not_null_violation or check_violation then
    get stacked diagnostics v_problem = message_text;
    raise exception using
      errcode = 'PT400', message = 'the spans cannot be stored', constraint = 'invalid_spans', detail = v_problem,
      hint = 'send an array of objects with span_id, name, kind, started_at and ended_at';
end
$$;
comment on function work.record_traces(text, jsonb) is
'Stores spans of a run, each once. Errors: PT400 invalid_spans, PT404 no_run, PT413 value_limit';
alter function work.record_traces(text, jsonb) owner to pylayer_api;
revoke all on function work.record_traces(text, jsonb) from public;
grant execute on function work.record_traces(text, jsonb) to pylayer_agent;
