select no_plan();
select telemetry.ingest_event(tap.event());

set local role pylayer_analyst;
select is((select epoch from telemetry.snapshot_horizon()), (select epoch from core.settings), 'the epoch of this cluster');
select cmp_ok(
  (select xid from telemetry.snapshot_horizon()), '<=', pg_current_xact_id()::text::bigint,
  'the oldest open transaction of the server, this one or an older one'
);
select is(
  (select xid from telemetry.snapshot_horizon()), pg_snapshot_xmin(pg_current_snapshot())::text::bigint, 'as the snapshot says'
);
select is(
  (select next_xid from telemetry.snapshot_horizon()), pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
  'above every transaction that has ended'
);
select is(
  (
    select count(*) from telemetry.workflow_events as w, telemetry.snapshot_horizon() as h
    where (w.recorded_epoch, w.recorded_xid) < (h.epoch, h.xid)
  ),
  0::bigint, 'what is not committed lies above'
);

reset role;
update core.settings set system_identifier = system_identifier + 1;
set local role pylayer_analyst;
select is((select epoch from telemetry.snapshot_horizon()), 2, 'a new cluster will begin a new epoch');
reset role;
select is(core.current_epoch(), 2, 'which it does');
set local role pylayer_analyst;
select is((select epoch from telemetry.snapshot_horizon()), 2, 'once');

set local role pylayer_agent;
select is(tap.outcome('select telemetry.snapshot_horizon()'), '42501', 'agents do not read by it');

select * from finish();
