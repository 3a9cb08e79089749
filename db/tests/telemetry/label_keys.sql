select no_plan();

select is(telemetry.label_keys('workflow.step_completed'), '{step_name,status,model}', 'steps');
select is(telemetry.label_keys('shop.order_placed'), '{}', 'types of others have none');
select is(telemetry.label_keys(null), '{}', 'no name, no keys');
select is_empty(
  $$ select t.event_name, k.key
  from telemetry.event_types as t
  cross join unnest(telemetry.label_keys(t.event_name)) as k (key)
  where t.event_version = 1 and not t.contract -> 'properties' ? k.key $$,
  'each key stands in its contract'
);
select is_empty(
  'select from telemetry.event_types as t where cardinality(telemetry.label_keys(t.event_name)) > 4',
  'a counted event has room for four'
);

select * from finish();
