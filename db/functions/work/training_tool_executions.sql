-- Streams the calls of tools that were recorded in a time range, for a training data set.
-- Without SET search_path and not SECURITY DEFINER, so that it is inlined: a function that is called keeps all rows first.
--
-- Parameters: p_from, p_to: range of recorded_at, p_to exclusive. A range that is over, once the transactions that were writing
--             at its end have ended, gives the same rows each time, until their runs are removed (work.runs_kept_from).
-- Returns:    one row a span of kind tool, in the order in which they were recorded. input_ref and output_ref name the artifact
--             versions, or whatever else the caller gave, that hold what went in and came out.
-- Tables:     work.execution_traces, work.workflow_executions (read; the caller needs the right to).
create or replace function work.training_tool_executions(p_from timestamptz, p_to timestamptz)
returns table (
  run_id text, span_id text, parent_span_id text, workflow_id text, version text, step_name text, tool text, status text,
  error text, input_ref text, output_ref text, duration_ms numeric, started_at timestamptz, ended_at timestamptz,
  recorded_at timestamptz, project_id text, metadata jsonb
)
language sql stable parallel safe
as $$
  select
    t.run_id, t.span_id, t.parent_span_id, e.workflow_id, e.version, t.step_name, t.name, t.status, t.error, t.input_ref,
    t.output_ref, round(extract(epoch from t.ended_at - t.started_at) * 1000, 3), t.started_at, t.ended_at, t.recorded_at,
    e.project_id, t.metadata
  from work.execution_traces as t
  inner join work.workflow_executions as e on e.run_id = t.run_id
  where t.kind = 'tool'
    and t.recorded_at >= p_from
    and t.recorded_at < p_to
  order by t.recorded_at, t.run_id, t.span_id
$$;
comment on function work.training_tool_executions(timestamptz, timestamptz) is
'Calls of tools that were recorded in a time range, in that order';
alter function work.training_tool_executions(timestamptz, timestamptz) owner to pylayer_api;
revoke all on function work.training_tool_executions(timestamptz, timestamptz) from public;
grant execute on function work.training_tool_executions(timestamptz, timestamptz) to pylayer_admin, pylayer_analyst;
