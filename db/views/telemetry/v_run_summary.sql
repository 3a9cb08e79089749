-- Runs by day and workflow: how they ended, what they used, how long they took.
create or replace view telemetry.v_run_summary as
select
  r.workflow_name,
  date_bin('1 day', r.started_at, timestamptz '2000-01-01 00:00:00+00') as day,
  count(*) as runs,
  count(*) filter (where r.outcome = 'succeeded') as succeeded,
  count(*) filter (where r.outcome = 'failed') as failed,
  count(*) filter (where r.outcome = 'cancelled') as cancelled,
  count(*) filter (where r.outcome is null) as open,
  round(
    count(*) filter (where r.outcome = 'succeeded')::numeric
    / nullif(count(*) filter (where r.outcome in ('succeeded', 'failed')), 0), 4
  ) as success_rate,
  sum(r.steps)::bigint as steps,
  sum(r.failed_steps)::bigint as failed_steps,
  sum(r.input_tokens) as input_tokens,
  sum(r.output_tokens) as output_tokens,
  sum(r.cost_usd) as cost_usd,
  round(extract(epoch from avg(r.ended_at - r.started_at)), 3) as mean_seconds
from telemetry.run_rollups as r
group by 1, 2;
comment on view telemetry.v_run_summary is 'Runs by the day of their first event and workflow; filter by day';
comment on column telemetry.v_run_summary.day is 'Start of the day, UTC';
comment on column telemetry.v_run_summary.workflow_name is 'Workflow, or null';
comment on column telemetry.v_run_summary.runs is 'Runs that began on that day';
comment on column telemetry.v_run_summary.succeeded is 'Those that have succeeded';
comment on column telemetry.v_run_summary.failed is 'Those that have failed';
comment on column telemetry.v_run_summary.cancelled is 'Those that were cancelled';
comment on column telemetry.v_run_summary.open is 'Those whose outcome is not known';
comment on column telemetry.v_run_summary.success_rate is 'Share of those that succeeded among those that succeeded or failed';
comment on column telemetry.v_run_summary.steps is 'Steps completed, failed and skipped ones included';
comment on column telemetry.v_run_summary.failed_steps is 'Steps that failed';
comment on column telemetry.v_run_summary.input_tokens is 'Sum, the cached ones included';
comment on column telemetry.v_run_summary.output_tokens is 'Sum';
comment on column telemetry.v_run_summary.cost_usd is 'Estimated cost, USD';
comment on column telemetry.v_run_summary.mean_seconds is 'Mean time from the first event to the end, of runs that ended';
alter view telemetry.v_run_summary owner to pylayer_owner;
grant select on telemetry.v_run_summary to pylayer_admin, pylayer_analyst, pylayer_auditor;
