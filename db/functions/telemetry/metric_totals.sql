-- What /metrics shows of the database: running totals that never go back, and how far the months reach.
-- Nothing here reads events, and no sum goes over time: the cost of a call grows with the number of series alone.
--
-- Returns: one row a series: metric, its name in Prometheus; labels, without nulls, so that no two rows of a metric have
--          the same; value, of a counter or gauge, or the sum of a histogram's values; of a histogram also bounds, its
--          upper bounds, and buckets, the number of values up to each of them but above the one before, and above all.
-- Tables:  telemetry.event_rollups (grain all), telemetry.cycle_rollups, telemetry.rollup_progress,
--          telemetry.ingest_counts (read); those of telemetry.retention_status.
create or replace function telemetry.metric_totals()
returns table (metric text, labels jsonb, value numeric, bounds numeric[], buckets bigint[])
language sql stable parallel safe security definer  -- definer on purpose: agents hold no right on tables
set search_path = pg_catalog, pg_temp
set enable_seqscan = off  -- a plan made while the rollups were small must not scan them when they are large
set jit = off
as $$
  with totals as materialized (
    select
      r.event_name,
      coalesce(r.workflow_name, '') as workflow_name,
      coalesce(r.agent_role, '') as agent_role,
      r.labels,
      coalesce(r.labels ->> 'step_name', '') as step_name,
      coalesce(r.labels ->> 'model', '') as model,
      r.events, r.input_tokens + r.output_tokens as tokens, r.cost_usd, r.duration_ms_sum, r.duration_histogram
    from telemetry.event_rollups as r
    where r.grain = 'all' and r.bucket = '-infinity'
  ),
  durations as (
    select
      t.workflow_name, t.step_name, t.agent_role, coalesce(t.labels ->> 'status', '') as status,
      sum(t.duration_ms_sum) / 1000 as seconds,
      array[
        sum(t.duration_histogram[1]), sum(t.duration_histogram[2]), sum(t.duration_histogram[3]), sum(t.duration_histogram[4]),
        sum(t.duration_histogram[5]), sum(t.duration_histogram[6]), sum(t.duration_histogram[7]), sum(t.duration_histogram[8]),
        sum(t.duration_histogram[9]), sum(t.duration_histogram[10]), sum(t.duration_histogram[11]), sum(t.duration_histogram[12]),
        sum(t.duration_histogram[13]), sum(t.duration_histogram[14]), sum(t.duration_histogram[15]), sum(t.duration_histogram[16]), sum(t.duration_histogram[17])
      ]::bigint[] as buckets  -- as many as telemetry.duration_bounds_ms has, and one above them
    from totals as t
    where t.event_name = 'workflow.step_completed' and t.duration_histogram is not null
    group by 1, 2, 3, 4
  ),
  used as (
    select
      jsonb_build_object('workflow_name', t.workflow_name, 'step_name', t.step_name, 'model', t.model) as labels,
      sum(t.tokens) as tokens,
      sum(t.cost_usd) as cost_usd
    from totals as t
    where t.event_name = 'workflow.step_completed' and (t.model <> '' or t.tokens > 0 or t.cost_usd > 0)
    group by 1
  ),
  counted as (
    select c.metric, l.labels, sum(t.events) as events
    from (
      values
      ('workflow.item_state_changed', 'workflow_state_transitions_total', '{from_state,to_state}'::text[]),
      ('workflow.story_changed', 'workflow_story_churn_total', '{change_type,cause_stage}'),
      ('workflow.gap_found', 'workflow_gaps_total', '{gap_type,severity,stage_found}'),
      ('workflow.flow_issue', 'workflow_flow_issues_total', '{issue_type,impact}')
    ) as c (event_name, metric, keys)
    inner join totals as t on t.event_name = c.event_name
    cross join lateral (
      select jsonb_object_agg(k.key, coalesce(t.labels ->> k.key, '')) as labels from unnest(c.keys) as k (key)
    ) as l
    group by c.metric, l.labels
  ),
  endings as (
    select telemetry.state_outcome(t.labels ->> 'to_state') as outcome, t.events
    from totals as t
    where t.event_name = 'workflow.item_state_changed' and t.labels ->> 'item_type' = 'workflow_run'
      -- an ending that is told again is not another one
      and telemetry.state_outcome(t.labels ->> 'from_state')
        is distinct from telemetry.state_outcome(t.labels ->> 'to_state')
  ),
  single as (
    select s.metric, s.value
    from
      (select p.events, extract(epoch from p.refreshed_at) as refreshed_at from telemetry.rollup_progress as p) as p,
      (select sum(c.duplicates) as duplicates, sum(c.conflicts) as conflicts from telemetry.ingest_counts as c) as c,
      (
        select
          sum(e.events) filter (where e.outcome = 'succeeded') as succeeded,
          sum(e.events) filter (where e.outcome = 'failed') as failed
        from endings as e
      ) as e,
      telemetry.retention_status() as r,
      lateral (
        values
        ('workflow_run_success_total', coalesce(e.succeeded, 0)),
        ('workflow_run_failure_total', coalesce(e.failed, 0)),
        ('telemetry_events_inserted_total', p.events),
        ('telemetry_events_deduplicated_total', coalesce(c.duplicates, 0)),
        ('telemetry_events_conflicts_total', coalesce(c.conflicts, 0)),
        ('telemetry_rollups_refreshed_timestamp_seconds', p.refreshed_at),
        ('telemetry_partitions_months_ahead', r.months_ahead),
        ('telemetry_partitions_overdue', r.overdue_months),
        ('telemetry_oldest_partition_timestamp_seconds', extract(epoch from r.oldest_month))
      ) as s (metric, value)
    where s.value is not null
  )
  select
    'workflow_step_duration_seconds',
    jsonb_build_object(
      'workflow_name', d.workflow_name, 'step_name', d.step_name, 'agent_role', d.agent_role, 'status', d.status
    ),
    d.seconds,
    (select array_agg(b.ms / 1000 order by b.ms) from unnest(telemetry.duration_bounds_ms()) as b (ms)),
    d.buckets
  from durations as d
  union all
  select
    'workflow_cycle_time_seconds', jsonb_build_object('item_type', c.item_type), c.seconds_sum,
    telemetry.cycle_bounds_seconds(), c.seconds_histogram
  from telemetry.cycle_rollups as c
  union all
  select 'workflow_step_tokens_total', u.labels, u.tokens, null, null from used as u
  union all
  select 'workflow_step_cost_usd_total', u.labels, u.cost_usd, null, null from used as u
  union all
  select c.metric, c.labels, c.events, null, null from counted as c
  union all
  select s.metric, '{}', s.value, null, null from single as s
$$;
comment on function telemetry.metric_totals() is
'What /metrics shows of the database: one row a series, of running totals; its cost does not grow with history';
alter function telemetry.metric_totals() owner to pylayer_api;
revoke all on function telemetry.metric_totals() from public;
grant execute on function telemetry.metric_totals() to pylayer_agent, pylayer_admin, pylayer_analyst;
