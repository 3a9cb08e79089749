-- Friction in the process by day.
create or replace view telemetry.v_flow_issues as
with issues as (
  select
    r.*,
    r.labels ->> 'issue_type' as issue_type,
    r.labels ->> 'impact' as impact
  from telemetry.event_rollups as r
  where r.event_name = 'workflow.flow_issue' and r.grain = 'day'
)

select
  i.bucket as day,
  i.workflow_name,
  i.agent_role,
  i.issue_type,
  i.impact,
  i.events as issues
from issues as i;
comment on view telemetry.v_flow_issues is 'Flow issues by day, workflow, role, type and impact; filter by day';
comment on column telemetry.v_flow_issues.day is 'Start of the day, UTC';
comment on column telemetry.v_flow_issues.workflow_name is 'Workflow, or null';
comment on column telemetry.v_flow_issues.agent_role is 'Role of the agent that reported it, or null';
comment on column telemetry.v_flow_issues.issue_type is 'Kind of friction';
comment on column telemetry.v_flow_issues.impact is 'What it costs';
comment on column telemetry.v_flow_issues.issues is 'Number of issues';
alter view telemetry.v_flow_issues owner to pylayer_owner;
grant select on telemetry.v_flow_issues to pylayer_admin, pylayer_analyst, pylayer_auditor;
