-- Time from an item's first change of state to its end.
create or replace view telemetry.v_cycle_time as
with ended as (
  select
    i.item_type,
    i.outcome,
    date_trunc('month', i.ended_at at time zone 'UTC') at time zone 'UTC' as month,
    extract(epoch from i.ended_at - i.started_at)::double precision as seconds
  from telemetry.item_rollups as i
  where i.ended_at is not null
)

select
  e.month,
  e.item_type,
  e.outcome,
  count(*) as items,
  avg(e.seconds) as mean_seconds,
  percentile_cont(0.5) within group (order by e.seconds) as median_seconds,
  percentile_cont(0.9) within group (order by e.seconds) as p90_seconds
from ended as e
group by e.month, e.item_type, e.outcome;
comment on view telemetry.v_cycle_time is
'Cycle time of items by the month in which they ended, type and outcome: from the first change of state to the end';
comment on column telemetry.v_cycle_time.month is 'Start of the month, UTC';
comment on column telemetry.v_cycle_time.item_type is 'story, task, workflow_run, ...';
comment on column telemetry.v_cycle_time.outcome is 'succeeded, failed or cancelled';
comment on column telemetry.v_cycle_time.items is 'Items that ended in that month';
comment on column telemetry.v_cycle_time.mean_seconds is 'Mean cycle time';
comment on column telemetry.v_cycle_time.median_seconds is 'Median cycle time';
comment on column telemetry.v_cycle_time.p90_seconds is 'Cycle time that nine of ten items do not exceed';
alter view telemetry.v_cycle_time owner to pylayer_owner;
grant select on telemetry.v_cycle_time to pylayer_admin, pylayer_analyst, pylayer_auditor;
