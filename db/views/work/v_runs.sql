-- Runs of workflows with how far they are, how long they took and what their spans used.
create or replace view work.v_runs as
select
  e.run_id,
  e.workflow_id,
  e.version,
  e.parent_run_id,
  e.project_id,
  e.status,
  e.reason,
  e.current_step,
  e.completed_steps,
  e.total_steps,
  e.attempt,
  e.worker,
  e.waiting_for,
  e.due_at,
  e.deadline,
  e.error_count,
  e.error,
  e.created_at,
  e.started_at,
  e.completed_at,
  t.spans,
  t.input_tokens,
  t.output_tokens,
  t.cost_usd,
  round(extract(epoch from coalesce(e.completed_at, statement_timestamp()) - e.started_at), 3) as duration_seconds
from work.workflow_executions as e
cross join lateral (
  select
    count(*) as spans,
    coalesce(sum(x.input_tokens), 0) as input_tokens,
    coalesce(sum(x.output_tokens), 0) as output_tokens,
    coalesce(sum(x.cost_usd), 0) as cost_usd
  from work.execution_traces as x
  where x.run_id = e.run_id
) as t;
comment on view work.v_runs is 'Runs of workflows with how far they are, how long they took and what their spans used';
comment on column work.v_runs.run_id is 'Run';
comment on column work.v_runs.workflow_id is 'Workflow';
comment on column work.v_runs.version is 'Registered version; null is none';
comment on column work.v_runs.parent_run_id is 'Run that started it';
comment on column work.v_runs.project_id is 'Project';
comment on column work.v_runs.status is 'pending, running, waiting, completed, failed or cancelled';
comment on column work.v_runs.reason is 'Why it has this status, when somebody said so';
comment on column work.v_runs.current_step is 'Step that was begun or recorded last';
comment on column work.v_runs.completed_steps is 'Steps recorded complete';
comment on column work.v_runs.total_steps is 'Steps of the registered definition';
comment on column work.v_runs.attempt is 'How often it was claimed';
comment on column work.v_runs.worker is 'Who claimed it last; null while it waits';
comment on column work.v_runs.waiting_for is 'Event that it waits for';
comment on column work.v_runs.due_at is 'From when on it may be claimed';
comment on column work.v_runs.deadline is 'When it fails if it has not ended';
comment on column work.v_runs.error_count is 'Failures of its steps and of itself';
comment on column work.v_runs.error is 'Why it failed';
comment on column work.v_runs.created_at is 'When it was started';
comment on column work.v_runs.started_at is 'When it was first claimed';
comment on column work.v_runs.completed_at is 'When it ended';
comment on column work.v_runs.duration_seconds is 'From the first claim to the end, or until now; waits included';
comment on column work.v_runs.spans is 'Spans recorded';
comment on column work.v_runs.input_tokens is 'Sum over its spans, the cached ones included';
comment on column work.v_runs.output_tokens is 'Sum over its spans';
comment on column work.v_runs.cost_usd is 'Sum over its spans, USD';
alter view work.v_runs owner to pylayer_owner;
grant select on work.v_runs to pylayer_admin, pylayer_analyst, pylayer_auditor;
