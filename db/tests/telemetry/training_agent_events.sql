select no_plan();

create temporary table base as select date_trunc('month', now(), 'UTC') as month;
create temporary table e (nth integer, event jsonb);
insert into e
select n.nth, tap.event(n.changes || jsonb_build_object('ts', b.month + n.ts, 'run_id', n.nth::text), b.month + n.id)
from base as b, (values
  (1, interval '-2 hours', interval '-1 hour', '{"metadata": {"k": "v"}}'::jsonb),
  (2, interval '-1 ms', interval '12 hours', '{"agent_role": "tester"}'),  -- an id of the month after
  (3, interval '0', interval '-12 hours', '{}'),  -- an id of the month before
  (4, interval '1 hour', interval '1 hour', '{}')
) as n (nth, ts, id, changes);
update core.settings set max_clock_ahead = interval '1 day';
select telemetry.ingest_events((select jsonb_agg(event) from e));
create function pg_temp.found(p_from interval, p_to interval, p_epoch integer default 9, p_xid bigint default 0)
returns text language sql as $$
  select coalesce(string_agg(t.run_id, ' ' order by t.nth), '')
  from (
    select f.run_id, row_number() over () as nth
    from base as b, telemetry.training_agent_events(b.month + p_from, b.month + p_to, p_epoch, p_xid) as f
  ) as t
$$;
grant select on base, e to public;
set local role pylayer_analyst;

select is(pg_temp.found('-5 days', '5 days'), '3 1 4 2', 'all, in id order');
select is(pg_temp.found('-1 day', '0'), '1 2', 'by ts, whatever the month of the id; the end is exclusive');
select is(pg_temp.found('0', '1 day'), '3 4', 'the start is inclusive');
select is(pg_temp.found('-60 days', '-30 days'), '', 'a range without events');
select is(pg_temp.found('-5 days', '5 days', 1, pg_current_xact_id()::text::bigint), '', 'nothing at the horizon or above it');
select is(pg_temp.found('-5 days', '5 days', 1, pg_current_xact_id()::text::bigint + 1), '3 1 4 2', 'all below it');
select is(pg_temp.found('-5 days', '5 days', 0, 9223372036854775807), '', 'a horizon of an earlier epoch');
select row_eq(
  $$select f.* from base as b, telemetry.training_agent_events(b.month - interval '1 day', b.month, 9, 0) as f where f.run_id = '1'$$,
  (
    select row(
      event ->> 'event_id', 'workflow.flow_issue'::text, 1, month - interval '2 hours', '1'::text, null::text, null::text,
      null::text, null::text, event -> 'payload', '{"k": "v"}'::jsonb
    ) from e, base where nth = 1
  ), 'the columns'
);
select is(tap.outcome('select telemetry.training_agent_events(now(), ''infinity'', 9, 0)'), 'PT400 ulid_time_range', 'no end');

set local role pylayer_agent;
select is(tap.outcome('select telemetry.training_agent_events(now(), now(), 9, 0)'), '42501', 'agents do not read tables');

select * from finish();
