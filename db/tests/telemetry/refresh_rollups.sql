select no_plan();

select is(tap.outcome('select telemetry.refresh_rollups(0)'), 'PT400 invalid_limit', 'a limit is at least 1');
select is(tap.outcome('select telemetry.refresh_rollups(100001)'), 'PT400 invalid_limit', 'and at most 100000');
select is(tap.outcome('select telemetry.refresh_rollups(null)'), 'PT400 invalid_limit', 'and is one');

-- Events of this transaction lie behind its horizon, so they are stored as if an earlier one had.
create temporary table e as select tap.event() as event from generate_series(1, 5);
select telemetry.ingest_events(jsonb_agg(event)) from e;
set local role pylayer_admin;
select row_eq('select * from telemetry.refresh_rollups()', row(0::bigint, false), 'what this transaction stored waits');
reset role;
insert into telemetry.workflow_events (event_id, event_version, event_name, ts, payload, recorded_epoch, recorded_xid)
select core.new_ulid(), 1, 'workflow.flow_issue', now(), '{"issue_type": "handoff", "impact": "low"}', 1, 3
from generate_series(1, 5);
set local role pylayer_admin;
select row_eq('select * from telemetry.refresh_rollups(2)', row(2::bigint, true), 'as many as the limit says');
select row_eq('select * from telemetry.refresh_rollups(2)', row(2::bigint, true), 'the next ones');
select row_eq('select * from telemetry.refresh_rollups(2)', row(1::bigint, false), 'the last one');
select row_eq('select * from telemetry.refresh_rollups(2)', row(0::bigint, false), 'nothing more');
select set_eq(
  'select grain, events, labels from telemetry.event_rollups',
  $$ values ('hour', 5::bigint, '{"impact": "low", "issue_type": "handoff"}'::jsonb),
    ('day', 5, '{"impact": "low", "issue_type": "handoff"}'), ('all', 5, '{"impact": "low", "issue_type": "handoff"}') $$,
  'each counted once'
);
select is((select events from telemetry.rollup_progress), 5::bigint, 'the progress says so');

-- A restored archive month keeps its place in the order, which is behind the mark.
reset role;
insert into telemetry.workflow_events (event_id, event_version, event_name, ts, payload, recorded_epoch, recorded_xid)
values (core.new_ulid(), 1, 'workflow.flow_issue', now(), '{"issue_type": "handoff", "impact": "low"}', 1, 2);
select row_eq('select * from telemetry.refresh_rollups()', row(0::bigint, false), 'what is restored is not counted again');

-- Another cluster: transaction ids restart, and an epoch that is over has no horizon.
insert into telemetry.workflow_events (event_id, event_version, event_name, ts, payload, recorded_epoch, recorded_xid)
select core.new_ulid(), 1, 'workflow.flow_issue', now(), '{"issue_type": "handoff", "impact": "low"}', e.epoch, e.xid
from (values (1, 9000000000), (2, 4)) as e (epoch, xid);
update core.settings set system_identifier = 1;
select row_eq('select * from telemetry.refresh_rollups()', row(6::bigint, true), 'the rest of the old epoch');
select row_eq('select * from telemetry.refresh_rollups()', row(1::bigint, false), 'then the new one');
select is((select epoch from telemetry.rollup_progress), 2, 'where the progress is now');

set local role pylayer_agent;
select is(tap.outcome('select telemetry.refresh_rollups()'), '42501', 'agents refresh nothing');

select * from finish();
