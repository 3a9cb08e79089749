select no_plan();

set local role pylayer_api;
select telemetry.count_cycles(null, null);
select is_empty('select from telemetry.cycle_rollups', 'nothing to count');
select telemetry.count_cycles(array['story', 'bug', 'story', 'story'], array[60, 0, 60.001, 1e9]);
select results_eq(
  'select item_type, seconds_sum, seconds_histogram from telemetry.cycle_rollups order by 1',
  $$values
    ('bug' collate "C", 0::numeric, array[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]::bigint[]),
    ('story', 1000000120.001, array[1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]::bigint[])$$,
  'a bound is part of its bucket; the last bucket has none'
);
select telemetry.count_cycles(array['story'], array[300]);
select results_eq(
  $$select seconds_sum, seconds_histogram from telemetry.cycle_rollups where item_type = 'story'$$,
  $$values (1000000420.001, array[1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]::bigint[])$$,
  'added to what is there'
);
set local role pylayer_analyst;
select isnt_empty('select from telemetry.cycle_rollups', 'analysts read');
set local role pylayer_admin;
select is(tap.outcome('select telemetry.count_cycles(null, null)'), '42501', 'only a refresh counts');

select * from finish();
