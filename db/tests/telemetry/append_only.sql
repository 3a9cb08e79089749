select no_plan();

select telemetry.ingest_event(tap.event());
create temporary table attempt (relation text, statement text);
grant select on attempt to public;
insert into attempt
select r.name, format(s.statement, r.name)
from (
  select 'telemetry.workflow_events' as name
  union all
  select i.inhrelid::regclass::text from pg_inherits as i where i.inhparent = 'telemetry.workflow_events'::regclass
) as r
cross join (values ('update %s set run_id = ''x'''), ('delete from %s'), ('truncate %s')) as s (statement);
create function pg_temp.outcomes() returns table (statement text, outcome text) language sql volatile as $$
  select a.statement, tap.outcome(a.statement) from attempt as a
$$;

-- A row trigger needs a row: the partitions without one are changed by nobody, since there is nothing.
select set_eq('select distinct outcome from pg_temp.outcomes() where statement like ''truncate%''',
  array['PT403 append_only'], 'no relation is truncated by a superuser');
select is(tap.outcome('delete from telemetry.workflow_events'), 'PT403 append_only', 'nothing is deleted');
select is(tap.outcome('update telemetry.workflow_events set run_id = null'), 'PT403 append_only', 'nothing is updated');
set local session_replication_role = replica;
select set_eq('select distinct outcome from pg_temp.outcomes() where statement like ''truncate%''',
  array['PT403 append_only'], 'not as a replica either');
select is(tap.outcome('delete from telemetry.workflow_events'), 'PT403 append_only', 'nor deleted');
set local session_replication_role = origin;
set local role pylayer_owner;
select set_eq('select distinct outcome from pg_temp.outcomes() where statement like ''truncate%''',
  array['PT403 append_only'], 'nor by the owner');
set local role pylayer_api;
select set_eq('select distinct outcome from pg_temp.outcomes()', array['42501'], 'the functions'' owner lacks the right');
set local role pylayer_admin;
select set_eq('select distinct outcome from pg_temp.outcomes()', array['42501'], 'an admin too');
reset role;
select is((select count(*) from telemetry.workflow_events), 1::bigint, 'the event is still there');

select * from finish();
