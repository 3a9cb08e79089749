select no_plan();

create temporary table base as select date_trunc('month', now(), 'UTC') as month;
create temporary table e (nth integer, event jsonb);
insert into e
select n.nth, tap.event(
  jsonb_build_object('event_id', left(core.ulid_floor(b.month + n.id), 25) || n.nth, 'ts', b.month + n.ts, 'item_id', n.nth::text, 'run_id', n.run)
)
from base as b, (values
  (1, interval '-40 days', interval '-40 days', 'r'),
  (2, interval '-1 hour', interval '3 hours', 'r'),     -- late, with an id of the month before
  (3, interval '0', interval '1 hour', 'r'),
  (4, interval '0', interval '1 hour', 'r'),            -- the same ts: by id
  (5, interval '1 ms', interval '-2 hours', 'r'),
  (6, interval '1 ms', interval '1 hour', 'other')
) as n (nth, id, ts, run);
select telemetry.ingest_event((select event from e where nth = 4));  -- stored before 3, which has its ts
select telemetry.ingest_events((select jsonb_agg(event) from e));
create function pg_temp.found(p_more text default '', p_run text default 'r') returns text language plpgsql as $$
declare
  v_found text;
begin
  execute format(
    'select string_agg(f.item_id, '' '') from telemetry.run_timeline(%L %s) as f', p_run, p_more
  ) into v_found;
  return coalesce(v_found, '');
end
$$;
create function pg_temp.after(p_nth integer) returns text language sql as $$
  select format(', p_after_ts => %L, p_after_id => %L', e.event ->> 'ts', e.event ->> 'event_id') from e where e.nth = p_nth
$$;
grant select on base, e to public;
set local role pylayer_agent;

select is(pg_temp.found(), '1 5 3 4 2', 'by ts, then id');
select is(pg_temp.found(p_run => 'other'), '6', 'of another run');
select is(pg_temp.found(p_run => 'none'), '', 'of a run that there is not');
select is(pg_temp.found(', p_limit => 2'), '1 5', 'a page');
select is(pg_temp.found(', p_limit => 2' || pg_temp.after(5)), '3 4', 'the page after');
select is(pg_temp.found(pg_temp.after(3)), '4 2', 'between two of the same ts');
select is(pg_temp.found(pg_temp.after(4)), '2', 'of which the id lies before the cursor''s');
select is(pg_temp.found(pg_temp.after(2)), '', 'the end');
select is(pg_temp.found(', p_after_ts => ''-infinity'', p_after_id => ''01ARZ3NDEKTSV4RRFFQ69G5FAV'''), '1 5 3 4 2', 'after no time');
select is(pg_temp.found(', p_after_ts => ''infinity'', p_after_id => ''01ARZ3NDEKTSV4RRFFQ69G5FAV'''), '', 'after all time');
select row_eq(
  $$select f.event_id, f.event_version, f.event_name, f.ts, f.run_id, f.payload from base as b, telemetry.run_timeline('other') as f$$,
  (select row(event ->> 'event_id', 1, 'workflow.flow_issue'::text, (event ->> 'ts')::timestamptz, 'other'::text, event -> 'payload') from e where nth = 6),
  'the columns'
);

select is(tap.outcome('select telemetry.run_timeline(null)'), 'PT400 invalid_run', 'no run');
select is(tap.outcome('select telemetry.run_timeline(''r'', 0)'), 'PT400 invalid_limit', 'no row');
select is(tap.outcome('select telemetry.run_timeline(''r'', 10001)'), 'PT400 invalid_limit', 'too many');
select is(tap.outcome('select telemetry.run_timeline(''r'', null)'), 'PT400 invalid_limit', 'no limit');
select is(tap.outcome('select telemetry.run_timeline(''r'', p_after_ts => now())'), 'PT400 invalid_cursor', 'half a cursor');
select is(tap.outcome('select telemetry.run_timeline(''r'', p_after_id => core.new_ulid())'), 'PT400 invalid_cursor', 'the other half');
select is(tap.outcome('select telemetry.run_timeline(''r'', p_after_ts => now(), p_after_id => ''x'')'), 'PT400 invalid_ulid', 'no cursor');

set local role pylayer_analyst;
select is(pg_temp.found(), '1 5 3 4 2', 'analysts read too');
set local role pylayer_auditor;
select is(tap.outcome('select telemetry.run_timeline(''r'')'), '42501', 'others do not');

select * from finish();
