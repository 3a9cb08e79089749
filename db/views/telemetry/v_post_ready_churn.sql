-- Changes of stories, and those of stories that had been ready.
create or replace view telemetry.v_post_ready_churn as
with changes as (
  select
    r.*,
    r.labels ->> 'change_type' as change_type,
    r.labels ->> 'cause_stage' as cause_stage,
    (r.labels ->> 'post_ready')::boolean as post_ready
  from telemetry.event_rollups as r
  where r.event_name = 'workflow.story_changed' and r.grain = 'day'
)

select
  c.bucket as day,
  c.workflow_name,
  c.agent_role,
  c.change_type,
  c.cause_stage,
  c.post_ready,
  c.events as changes
from changes as c;
comment on view telemetry.v_post_ready_churn is
'Changes of stories by day, workflow, role, kind, the stage that made them necessary and whether the story had been ready; filter by day';
comment on column telemetry.v_post_ready_churn.day is 'Start of the day, UTC';
comment on column telemetry.v_post_ready_churn.workflow_name is 'Workflow, or null';
comment on column telemetry.v_post_ready_churn.agent_role is 'Role of the agent that reported it, or null';
comment on column telemetry.v_post_ready_churn.change_type is 'Kind of change';
comment on column telemetry.v_post_ready_churn.cause_stage is 'Stage that made it necessary';
comment on column telemetry.v_post_ready_churn.post_ready is 'Whether the story had been ready; null where nobody said';
comment on column telemetry.v_post_ready_churn.changes is 'Number of changes';
alter view telemetry.v_post_ready_churn owner to pylayer_owner;
grant select on telemetry.v_post_ready_churn to pylayer_admin, pylayer_analyst, pylayer_auditor;
