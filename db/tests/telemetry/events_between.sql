select no_plan();

create temporary table base as select date_trunc('month', now(), 'UTC') as month;
create temporary table e (nth integer, event jsonb);
insert into e
select n.nth, tap.event(n.changes || jsonb_build_object('ts', b.month + n.ts, 'run_id', n.nth::text), b.month + n.id)
from base as b, (values
  (1, interval '-40 days', interval '-40 days', '{"item_id": "i1"}'::jsonb),
  (2, interval '-1 hour', interval '-2 hours', '{"item_id": "i2", "workflow_name": "w"}'),
  (3, interval '-1 ms', interval '12 hours', '{"item_id": "i1", "agent_role": "tester"}'),  -- an id of the month before
  (4, interval '0', interval '0', '{"project_id": "p"}'),
  (5, interval '1 ms', interval '-12 hours', '{"event_name": "learning.feedback_received", "payload": {"subject": "s", "rating": 1}}')
) as n (nth, id, ts, changes);
select telemetry.ingest_events((select jsonb_agg(event) from e));
update core.settings set max_clock_ahead = interval '1 day';
create function pg_temp.found(p_from interval, p_to interval, p_more text default '') returns text language plpgsql as $$
declare
  v_found text;
begin
  execute format(
    'select string_agg(f.run_id, '' '' order by f.event_id) from telemetry.events_between(%L, %L %s) as f',
    (select month + p_from from base), (select month + p_to from base), p_more
  ) into v_found;
  return coalesce(v_found, '');
end
$$;
grant select on base, e to public;
set local role pylayer_agent;

select is(pg_temp.found('-60 days', '60 days'), '1 2 3 4 5', 'all, in id order');
select is(pg_temp.found('0', '1 day'), '3 4', 'by ts, whatever the month of the id');
select is(pg_temp.found('-1 day', '0'), '2 5', 'the end is exclusive');
select is(pg_temp.found('-2 hours', '-2 hours'), '', 'an empty range is empty');
select is(pg_temp.found('-2 hours', '-2 hours + 1 microsecond'::interval), '2', 'the start is inclusive');
select is(pg_temp.found('-60 days', '60 days', ', p_item_id => ''i1'''), '1 3', 'by item');
select is(pg_temp.found('-60 days', '60 days', ', p_run_id => ''4'''), '4', 'by run');
select is(pg_temp.found('-60 days', '60 days', ', p_workflow_name => ''w'''), '2', 'by workflow');
select is(pg_temp.found('-60 days', '60 days', ', p_agent_role => ''tester'''), '3', 'by role');
select is(pg_temp.found('-60 days', '60 days', ', p_project_id => ''p'''), '4', 'by project');
select is(pg_temp.found('-60 days', '60 days', ', p_event_name => ''learning.feedback_received'''), '5', 'by name');
select is(pg_temp.found('-60 days', '60 days', ', p_item_id => ''i1'', p_agent_role => ''tester'''), '3', 'by several');
select is(pg_temp.found('-60 days', '60 days', ', p_item_id => ''i9'''), '', 'by what there is not');
select is(pg_temp.found('-60 days', '60 days', ', p_limit => 2'), '1 2', 'a page');
select is(
  pg_temp.found('-60 days', '60 days', format(', p_limit => 2, p_after => %L', (select event ->> 'event_id' from e where nth = 2))), '3 4',
  'the page after'
);
select is(
  pg_temp.found('-60 days', '60 days', format(', p_after => %L', (select event ->> 'event_id' from e where nth = 5))), '', 'the end'
);
select is((select count(*) from telemetry.events_between('-infinity', 'infinity')), 5::bigint, 'no bound at all');
select is((select count(*) from telemetry.events_between('0001-01-01', '1969-01-01')), 0::bigint, 'before all time');
select row_eq(
  $$select f.event_id, f.event_version, f.event_name, f.item_id, f.payload from base as b, telemetry.events_between(b.month, b.month + interval '1 ms') as f$$,
  (select row(event ->> 'event_id', 1, 'workflow.flow_issue'::text, null::text, event -> 'payload') from e where nth = 4), 'the columns'
);

reset role;
update core.settings set max_ts_skew = interval '31 days';
set local role pylayer_agent;
select is((select count(*) from telemetry.events_between('-infinity', 'infinity')), 5::bigint, 'no bound at all, under the greatest skew');

select is(tap.outcome('select telemetry.events_between(null, now())'), 'PT400 invalid_range', 'no start');
select is(tap.outcome('select telemetry.events_between(now(), null)'), 'PT400 invalid_range', 'no end');
select is(tap.outcome('select telemetry.events_between(now(), now() - interval ''1 s'')'), 'PT400 invalid_range', 'backwards');
select is(tap.outcome('select telemetry.events_between(now(), now(), p_limit => 0)'), 'PT400 invalid_limit', 'no row');
select is(tap.outcome('select telemetry.events_between(now(), now(), p_limit => 10001)'), 'PT400 invalid_limit', 'too many');
select is(tap.outcome('select telemetry.events_between(now(), now(), p_limit => null)'), 'PT400 invalid_limit', 'no limit');
select is(tap.outcome('select telemetry.events_between(now(), now(), p_after => ''x'')'), 'PT400 invalid_ulid', 'no cursor');

set local role pylayer_analyst;
select is(pg_temp.found('-60 days', '60 days'), '1 2 3 4 5', 'analysts read too');
set local role pylayer_auditor;
select is(tap.outcome('select telemetry.events_between(now(), now())'), '42501', 'others do not');

select * from finish();
