-- Steps by day: what they cost and how long they took.
create or replace view telemetry.v_step_cost as
with steps as (
  select
    r.*,
    r.labels ->> 'step_name' as step_name,
    r.labels ->> 'model' as model,
    r.labels ->> 'status' as status
  from telemetry.event_rollups as r
  where r.event_name = 'workflow.step_completed' and r.grain = 'day'
)

select
  s.bucket as day,
  s.workflow_name,
  s.agent_role,
  s.step_name,
  s.model,
  s.status,
  s.events as steps,
  s.input_tokens,
  s.cached_input_tokens,
  s.output_tokens,
  s.cost_usd,
  round(s.duration_ms_sum / s.events, 3) as mean_ms
from steps as s;
comment on view telemetry.v_step_cost is 'Steps by day, workflow, role, step, model and status: tokens, cost, time; filter by day';
comment on column telemetry.v_step_cost.day is 'Start of the day, UTC';
comment on column telemetry.v_step_cost.workflow_name is 'Workflow, or null';
comment on column telemetry.v_step_cost.agent_role is 'Role of the agent, or null';
comment on column telemetry.v_step_cost.step_name is 'Step';
comment on column telemetry.v_step_cost.model is 'Model, or null';
comment on column telemetry.v_step_cost.status is 'succeeded, failed or skipped';
comment on column telemetry.v_step_cost.steps is 'Number of steps';
comment on column telemetry.v_step_cost.input_tokens is 'Sum, the cached ones included';
comment on column telemetry.v_step_cost.cached_input_tokens is 'Sum';
comment on column telemetry.v_step_cost.output_tokens is 'Sum';
comment on column telemetry.v_step_cost.cost_usd is 'Estimated cost, USD';
comment on column telemetry.v_step_cost.mean_ms is 'Mean duration, milliseconds';
alter view telemetry.v_step_cost owner to pylayer_owner;
grant select on telemetry.v_step_cost to pylayer_admin, pylayer_analyst, pylayer_auditor;
