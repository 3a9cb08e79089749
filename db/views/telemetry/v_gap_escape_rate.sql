-- Gaps that were found in another stage than the one that they came from.
create or replace view telemetry.v_gap_escape_rate as
with found as (
  select
    r.workflow_name,
    r.events,
    date_trunc('month', r.bucket at time zone 'UTC') at time zone 'UTC' as month,
    r.labels ->> 'gap_type' as gap_type,
    r.labels ->> 'severity' as severity,
    r.labels ? 'stage_introduced' as is_traced,
    r.labels ? 'stage_introduced' and r.labels ->> 'stage_introduced' <> r.labels ->> 'stage_found' as is_escaped
  from telemetry.event_rollups as r
  where r.event_name = 'workflow.gap_found' and r.grain = 'day'
)

select
  f.month,
  f.workflow_name,
  f.gap_type,
  f.severity,
  sum(f.events)::bigint as gaps,
  coalesce(sum(f.events) filter (where f.is_traced), 0)::bigint as traced_gaps,
  coalesce(sum(f.events) filter (where f.is_escaped), 0)::bigint as escaped_gaps,
  round(
    coalesce(sum(f.events) filter (where f.is_escaped), 0) / sum(f.events) filter (where f.is_traced), 4
  ) as escape_rate
from found as f
group by f.month, f.workflow_name, f.gap_type, f.severity;
comment on view telemetry.v_gap_escape_rate is
'Gaps by month, workflow, type and severity, and the share that left the stage that it came from unseen';
comment on column telemetry.v_gap_escape_rate.month is 'Start of the month, UTC';
comment on column telemetry.v_gap_escape_rate.workflow_name is 'Workflow, or null';
comment on column telemetry.v_gap_escape_rate.gap_type is 'Kind of gap';
comment on column telemetry.v_gap_escape_rate.severity is 'info, low, medium, high or critical';
comment on column telemetry.v_gap_escape_rate.gaps is 'Gaps found';
comment on column telemetry.v_gap_escape_rate.traced_gaps is 'Those whose stage of origin is known';
comment on column telemetry.v_gap_escape_rate.escaped_gaps is 'Those of them that were found in another stage';
comment on column telemetry.v_gap_escape_rate.escape_rate is 'escaped_gaps over traced_gaps; null when none is traced';
alter view telemetry.v_gap_escape_rate owner to pylayer_owner;
grant select on telemetry.v_gap_escape_rate to pylayer_admin, pylayer_analyst, pylayer_auditor;
