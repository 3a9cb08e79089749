"""Events of every kind that is rolled up, and a year of rollups, both made by the server."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from psycopg import Connection

__all__ = ["forget_rollups", "make_events", "make_year"]

# 70 % steps, 20 % changes of state, 10 % others; a run has 50 events, an item three runs.
_EVENTS = """
insert into telemetry.workflow_events (
  event_id, event_version, event_name, ts, run_id, item_id, workflow_name, agent_role, payload,
  recorded_epoch, recorded_xid
)
select
  core.new_ulid(e.ts), 1,
  case when k < 7 then 'workflow.step_completed' when k < 9 then 'workflow.item_state_changed'
    when mod(n, 20) = 9 then 'workflow.flow_issue' when mod(n, 40) = 19 then 'workflow.story_changed'
    else 'workflow.gap_found' end,
  e.ts, e.name || '-run-' || run, e.name || '-item-' || run / 3, 'wf-' || mod(run, 5),
  (array['dev', 'qa', 'planner', 'architect'])[1 + mod(n, 4)],
  case
    when k < 7 then jsonb_build_object(
      'step_name', (array['plan', 'build', 'test', 'review', 'deploy', 'lint', 'docs'])[1 + k],
      'status', case when mod(n, 17) = 0 then 'failed' else 'succeeded' end,
      'model', (array['gpt-4o', 'claude-sonnet', 'gemini-pro'])[1 + mod(n, 3)],
      'duration_ms', mod(n, 60000) + 0.25, 'input_tokens', mod(n, 10000),
      'cached_input_tokens', mod(n, 1000), 'output_tokens', mod(n, 2000),
      'cost_usd_est', mod(n, 100000) / 1000000.0)
    when k < 9 then jsonb_build_object(
      'item_type', (array['story', 'task'])[k - 6],
      'from_state', (array['ready', 'in_progress', 'in_review'])[1 + mod(n, 3)],
      'to_state', (array['in_progress', 'in_review', 'done'])[1 + mod(n, 3)])
    when mod(n, 20) = 9 then '{"issue_type": "handoff", "impact": "low"}'
    when mod(n, 40) = 19 then '{"change_type": "scope", "cause_stage": "dev", "post_ready": true}'
    else '{"gap_type": "test", "severity": "high", "stage_found": "qa", "stage_introduced": "dev"}'
  end,
  1, pg_current_xact_id()::text::bigint
from (
  select
    %(name)s as name, n, mod(n, 10) as k, n / 50 as run,
    %(start)s::timestamptz + n * (%(end)s::timestamptz - %(start)s::timestamptz) / %(count)s as ts
  from generate_series(0, %(count)s - 1) as n
) as e
"""

# Not by our own function, which makes no month below the retention floor.
_MONTHS = """
select partman.create_partition_time(
  'telemetry.workflow_events',
  array(select distinct date_trunc('month', t, 'UTC') from unnest(array[%s, %s]::timestamptz[]) as t)
)
"""

# A year with, each day, 100 runs, 100 items, 100 series of steps and 50 of each other kind; steps also by
# the hour.
_YEAR = """
insert into telemetry.event_rollups (
  grain, bucket, series_id, event_name, workflow_name, agent_role, labels, events, input_tokens,
  cached_input_tokens, output_tokens, cost_usd, duration_ms_sum, duration_histogram
)
select
  g.grain, t, md5(n::text)::uuid, 'workflow.step_completed', 'wf-' || mod(n, 5), 'dev',
  jsonb_build_object('step_name', 'step-' || mod(n, 25), 'model', 'm-' || mod(n, 4), 'status', 'succeeded'),
  10, 100000, 1000, 20000, 1.25, 12345.678, array_fill(3::bigint, array[17])
from (values ('day', interval '1 day'), ('hour', interval '1 hour')) as g (grain, step),
  generate_series(timestamptz '2025-01-01+00', '2025-12-31 23:00+00', g.step) as t,
  generate_series(1, 100) as n;

insert into telemetry.event_rollups (
  grain, bucket, series_id, event_name, workflow_name, agent_role, labels, events, input_tokens,
  cached_input_tokens, output_tokens, cost_usd, duration_ms_sum
)
select
  'day', t, md5(k.name || n)::uuid, k.name, 'wf-' || mod(n, 5), 'dev',
  jsonb_build_object(
    k.a, 'a-' || mod(n, 5), k.b, 'b-' || mod(n, 6), 'stage_introduced', 'b-' || mod(n, 4),
    'post_ready', mod(n, 2) = 0
  ), 2, 0, 0, 0, 0, 0
from generate_series(timestamptz '2025-01-01+00', '2025-12-31+00', '1 day') as t,
  generate_series(1, 50) as n,
  (
    values ('workflow.flow_issue', 'issue_type', 'impact'), ('workflow.gap_found', 'gap_type', 'stage_found'),
    ('workflow.story_changed', 'change_type', 'cause_stage')
  ) as k (name, a, b);

insert into telemetry.run_rollups
select
  'run-' || n, 'wf-' || mod(n, 5), null, 'completed', 'succeeded', t,
  t + mod(n, 60) * interval '1 minute', t, 50, 30, 1, 100000, 1000, 20000, 1.25, 123456.789
from generate_series(1, 36500) as n,
  lateral (select timestamptz '2025-01-01+00' + n * interval '864 seconds' as t) as t;

insert into telemetry.item_rollups (
  item_id, item_type, state, outcome, started_at, ended_at, state_since, state_seconds, transitions, bounces,
  state_bounces
)
select
  'item-' || n, (array['story', 'task', 'bug', 'workflow_run'])[1 + mod(n, 4)], 'done', 'succeeded', t,
  t + mod(n, 100) * interval '1 hour', t, '{"ready": 12.5, "in_progress": 1234.5}', 6, mod(n, 2),
  case when mod(n, 2) = 1 then '{"ready": 1}' else '{}' end::jsonb
from generate_series(1, 36500) as n,
  lateral (select timestamptz '2025-01-01+00' + n * interval '864 seconds' as t) as t;
"""

# The changes of state refuse TRUNCATE even from a superuser: their guard is off for this transaction.
_FORGET = """
alter table telemetry.state_changes disable trigger state_changes_keep_all;
truncate telemetry.event_rollups, telemetry.month_rollups, telemetry.state_changes, telemetry.item_rollups,
  telemetry.run_rollups;
alter table telemetry.state_changes enable always trigger state_changes_keep_all;
update telemetry.rollup_progress set xid = 0, event_id = '', events = 0;
"""


def make_events(server: Connection[Any], name: str, start: datetime, end: datetime, count: int) -> None:
    """Store ``count`` events spread evenly over a time; ``name`` tells their runs and items from others."""
    server.execute("set timezone = 'UTC'")
    server.execute(_MONTHS, (start, end))
    server.execute(_EVENTS, {"name": name, "start": start, "end": end, "count": count})


def make_year(server: Connection[Any]) -> None:
    """Fill the rollups with a year."""
    for statement in _YEAR.split(";\n"):
        if statement.strip():
            server.execute(statement.encode())
    server.execute("vacuum (analyze) telemetry.event_rollups, telemetry.run_rollups, telemetry.item_rollups")


def forget_rollups(server: Connection[Any]) -> None:
    """Empty the rollups, so that all events are waiting again."""
    with server.transaction():
        server.execute(_FORGET.encode())
