select no_plan();

create temporary table e as select tap.event() as one, tap.event() as two;
select telemetry.ingest_events(jsonb_build_array(one, two)) from e;
select is((select count(*) from telemetry.ingest_counts), 0::bigint, 'new events are not counted');
select telemetry.ingest_events(jsonb_build_array(one, two, two || '{"run_id": "x"}')) from e;
select telemetry.ingest_event(one) from e;
select telemetry.ingest_events(jsonb_build_array(one || '{"run_id": "x"}', tap.event(), 1), 'report') from e;
select set_eq('select duplicates, conflicts from telemetry.ingest_counts', 'values (2, 1), (1, 0), (0, 1)', 'one row a call that met any');

set local role pylayer_admin;
select row_eq('select * from telemetry.fold_ingest_counts()', row(3::bigint, 2::bigint), 'the totals');
select row_eq('select * from telemetry.fold_ingest_counts()', row(3::bigint, 2::bigint), 'folding again keeps them');
select is((select count(*) from telemetry.ingest_counts), 1::bigint, 'one row is left');
set local role pylayer_agent;
select telemetry.ingest_event(one) from (select tap.event() as one offset 0) as n;
reset role;
select telemetry.ingest_event(one) from e;
select row_eq('select * from telemetry.fold_ingest_counts()', row(4::bigint, 2::bigint), 'and what came since is added');
set local role pylayer_agent;
select is(tap.outcome('select telemetry.fold_ingest_counts()'), '42501', 'agents fold nothing');

select * from finish();
