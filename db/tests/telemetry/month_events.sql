select no_plan();

create temporary table m as select tap.old_month(5) as month;
grant select on m to public;
select telemetry.ingest_event(tap.event());
set local role pylayer_admin;
set local timezone = 'Pacific/Auckland';
select results_eq('select event_id from m, telemetry.month_events(m.month)',
  'select event_id from telemetry.workflow_events order by event_id limit 5', 'its events, in id order');
select is(count(*), 1::bigint, 'no others') from telemetry.month_events(date_trunc('month', now(), 'UTC'));
do $$
declare
  v_plan text := '';
  v_line text;
begin
  for v_line in execute format('explain select * from telemetry.month_events(%L)', (select month from m)) loop
    v_plan := v_plan || v_line;
  end loop;
  perform set_config('tap.plan', v_plan, true);
end
$$;
select alike(current_setting('tap.plan'), '%workflow_events_p%', 'inlined: one month is read');
select unalike(current_setting('tap.plan'), '%Function Scan%', 'no function keeps the rows');

select * from finish();
