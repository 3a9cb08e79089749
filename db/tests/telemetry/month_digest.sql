select no_plan();

create table telemetry.workflow_events_like (like telemetry.workflow_events including all);
select results_eq('select rows, min_event_id, max_event_id, rows_hash from telemetry.month_digest(''telemetry.workflow_events_like'')',
  'select 0::bigint, null::text, null::text, encode(sha256(''''), ''hex'')', 'no rows');
insert into telemetry.workflow_events_like
(event_id, event_version, event_name, ts, run_id, payload, recorded_at, recorded_epoch, recorded_xid)
values ('01ARZ3NDEKTSV4RRFFQ69G5FAV', 1, 'a.b', '2026-01-31 12:00:00.000001+00', E'"\n', '{"n": 1.10}', '2026-01-31 12:00:00+00', 2, 3);
select results_eq('select rows, rows_hash from telemetry.month_digest(''telemetry.workflow_events_like'')',
  $$select 1::bigint, encode(sha256(sha256('') || convert_to(
    '["01ARZ3NDEKTSV4RRFFQ69G5FAV", 1, "a.b", 1769860800000001, "\"\n", null, null, null, {"n": 1.10}, null, null, 1769860800000000, 2, 3]', 'UTF8'
  )), 'hex')$$, 'the form that all archives have');
set local role pylayer_admin;
select is(tap.outcome('select telemetry.month_digest(''telemetry.workflow_events_like'')'), '42501', 'for the owner''s functions');

select * from finish();
