select no_plan();
set local timezone = 'UTC';

select is((select open_month from core.settings), null, 'nothing is noted at first');
select telemetry.ingest_events(jsonb_build_array(tap.event()));
select is(
  (select open_month from core.settings), tstzrange(date_trunc('month', now()), date_trunc('month', now()) + interval '1 month'),
  'a batch notes its month'
);
select is((select open_since from core.settings), pg_postmaster_start_time(), 'and this run of the server');

select telemetry.note_open_month(now() - interval '40 days');
select ok((select open_month @> now() from core.settings), 'late events leave it alone');
select telemetry.note_open_month(now() + interval '40 days');
select ok((select open_month @> now() + interval '40 days' from core.settings), 'the next month moves it on');

update core.settings set open_since = '2000-01-01';
select telemetry.note_open_month(now());
select ok((select open_month @> now() from core.settings), 'another run of the server looks it up anew');

update core.settings set open_since = '2000-01-01', system_identifier = 1;
select telemetry.note_open_month(now());
select is((select open_since from core.settings), '2000-01-01', 'not before the epoch of another cluster has begun');

select * from finish();
