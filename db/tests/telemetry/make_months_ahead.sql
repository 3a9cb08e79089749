select no_plan();

set local role pylayer_admin;
select results_eq(
  'select f.month from telemetry.make_months_ahead(5) as f',
  $$select (date_trunc('month', now() at time zone 'UTC') + make_interval(months => n)) at time zone 'UTC' from generate_series(0, 5) as n$$,
  'this month and five ahead'
);
select is((select bool_or(f.created) from telemetry.make_months_ahead(5) as f), false, 'again: nothing to do');
update core.settings set months_ahead = 6;
select is((select count(*) from telemetry.make_months_ahead()), 7::bigint, 'as many as the setting says');
select is((select count(*) from telemetry.make_months_ahead(null)), 7::bigint, 'null too');
select is((select count(*) from telemetry.make_months_ahead(0)), 1::bigint, 'this one alone');
select is(tap.outcome('select telemetry.make_months_ahead(-1)'), 'PT400 invalid_months', 'no month back');
select is(tap.outcome('select telemetry.make_months_ahead(25)'), 'PT400 invalid_months', 'two years at most');
set local role pylayer_agent;
select is(tap.outcome('select telemetry.make_months_ahead()'), '42501', 'agents make none');

select * from finish();
