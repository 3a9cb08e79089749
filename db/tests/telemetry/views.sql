select no_plan();

-- What a month of work leaves in the rollups, as an analyst sees it.
create function pg_temp.store(p_name text, p_payload jsonb, p_at timestamptz, p_item text default null, p_run text default null)
returns void language sql as $$
  insert into telemetry.workflow_events (
    event_id, event_version, event_name, ts, run_id, item_id, workflow_name, payload, recorded_epoch, recorded_xid
  )
  values (core.new_ulid(p_at), 1, p_name, p_at, p_run, p_item, 'nightly', p_payload, 1, 3)
$$;
create temporary table t as select date_trunc('month', now(), 'UTC') as month;
grant select on t to public;

select pg_temp.store(
  'workflow.item_state_changed', jsonb_build_object('item_type', 'story', 'from_state', c.a, 'to_state', c.b),
  month + c.n * interval '1 hour', c.item
)
from t, (
  values ('A', 0, null, 'draft'), ('A', 1, 'draft', 'review'), ('A', 2, 'review', 'draft'), ('A', 3, 'draft', 'review'),
    ('A', 4, 'review', 'done'), ('B', 0, null, 'draft'), ('B', 8, 'draft', 'done'), ('C', 0, null, 'draft')
) as c (item, n, a, b);
select pg_temp.store(
  'workflow.item_state_changed', jsonb_build_object('item_type', 'workflow_run', 'from_state', c.a, 'to_state', c.b),
  month + c.n * interval '1 minute', c.run, c.run
)
from t, (
  values ('r1', 0, null, 'running'), ('r1', 2, 'running', 'completed'), ('r2', 0, null, 'running'),
    ('r2', 4, 'running', 'failed'), ('r3', 0, null, 'running'), ('r4', 0, null, 'running'), ('r4', 6, 'running', 'completed')
) as c (run, n, a, b);
select pg_temp.store(
  'workflow.step_completed',
  jsonb_build_object('step_name', 'build', 'status', s.status, 'duration_ms', s.ms, 'model', 'm', 'input_tokens', 10,
    'output_tokens', 1, 'cost_usd_est', 0.1),
  month + interval '1 minute', null, s.run
)
from t, (values ('r1', 'succeeded', 100), ('r1', 'succeeded', 200), ('r2', 'failed', 50)) as s (run, status, ms);
select pg_temp.store('workflow.story_changed', p::jsonb, month, 'A')
from t, (
  values ('{"change_type": "scope", "cause_stage": "qa", "post_ready": true}'),
    ('{"change_type": "scope", "cause_stage": "qa", "post_ready": true}'),
    ('{"change_type": "scope", "cause_stage": "qa", "post_ready": false}'), ('{"change_type": "scope", "cause_stage": "qa"}')
) as p (p);
select pg_temp.store('workflow.gap_found', p::jsonb, month, 'A')
from t, (
  values ('{"gap_type": "test", "severity": "high", "stage_found": "qa", "stage_introduced": "dev"}'),
    ('{"gap_type": "test", "severity": "high", "stage_found": "dev", "stage_introduced": "dev"}'),
    ('{"gap_type": "test", "severity": "high", "stage_found": "qa"}'), ('{"gap_type": "docs", "severity": "low", "stage_found": "qa"}')
) as p (p);
select pg_temp.store('workflow.flow_issue', '{"issue_type": "handoff", "impact": "low"}', month + n * interval '1 hour')
from t, generate_series(0, 2) as n;
select is(events, 29::bigint, 'all of it is counted') from telemetry.refresh_rollups();

set local role pylayer_analyst;
select row_eq(
  $$ select v.day, workflow_name, runs, succeeded, failed, cancelled, open, success_rate, steps, failed_steps, input_tokens,
    output_tokens, cost_usd, mean_seconds from telemetry.v_run_summary as v $$,
  row((select month from t), 'nightly'::text, 4::bigint, 2::bigint, 1::bigint, 0::bigint, 1::bigint, 0.6667, 3::bigint,
    1::bigint, 30::numeric, 3::numeric, 0.3, 240.000),
  'v_run_summary'
);
select set_eq(
  'select day, step_name, model, status, steps, input_tokens, cost_usd, mean_ms from telemetry.v_step_cost',
  $$ select month, 'build' as a, 'm' as b, s.status, s.steps, s.steps * 10.0 as c, s.steps * 0.1 as d, s.ms
  from t, (values ('succeeded', 2::bigint, 150.000), ('failed', 1, 50)) as s (status, steps, ms) $$,
  'v_step_cost'
);
select set_eq(
  'select month, item_type, outcome, items, mean_seconds, median_seconds, p90_seconds from telemetry.v_cycle_time',
  $$ select month, c.* from t, (
    values ('story', 'succeeded', 2::bigint, 21600::float8, 21600::float8, 27360::float8),
      ('workflow_run', 'succeeded', 2, 240, 240, 336), ('workflow_run', 'failed', 1, 240, 240, 240)
  ) as c $$,
  'v_cycle_time'
);
select set_eq(
  'select month, item_type, state, items, bounced_items, bounces from telemetry.v_bounces',
  $$ select month, s.* from t, (
    values ('story', 'draft', 3::bigint, 1::bigint, 1::bigint), ('story', 'review', 3, 1, 1)
  ) as s $$,
  'v_bounces'
);
select set_eq(
  'select day, change_type, cause_stage, post_ready, changes from telemetry.v_post_ready_churn',
  $$ select month, 'scope' as a, 'qa' as b, c.* from t, (values (true, 2::bigint), (false, 1), (null, 1)) as c $$,
  'v_post_ready_churn'
);
select set_eq(
  'select month, gap_type, severity, gaps, traced_gaps, escaped_gaps, escape_rate from telemetry.v_gap_escape_rate',
  $$ select month, g.* from t, (
    values ('test', 'high', 3::bigint, 2::bigint, 1::bigint, 0.5000), ('docs', 'low', 1, 0, 0, null)
  ) as g $$,
  'v_gap_escape_rate'
);
select set_eq(
  'select day, workflow_name, issue_type, impact, issues from telemetry.v_flow_issues',
  $$ select month, f.* from t, (values ('nightly', 'handoff', 'low', 3::bigint)) as f $$,
  'v_flow_issues'
);

set local role pylayer_agent;
select is(tap.outcome('select from telemetry.v_run_summary'), '42501', 'agents read no view');

select * from finish();
