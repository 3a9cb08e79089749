select no_plan();

-- The outcome of writing a price, its arguments changed.
create function pg_temp.set_price(
  p_model text default 'm', p_provider text default 'p', p_input text default '2', p_output text default '8',
  p_from text default '2026-01-01', p_cached text default '0.5'
) returns text language sql volatile as $$
  select tap.outcome(format(
    'select ai.set_model_price(%L, %L, %L, %L, %L, %L)', p_model, p_provider, p_input, p_output, p_from, p_cached
  ))
$$;
set local role pylayer_admin;

select is(ai.set_model_price('m', 'p', 2, 8, '2026-01-01', 0.5), true, 'a price');
select is(ai.set_model_price('m', 'p', 2.00, 8.0, '2026-01-01', 0.50), false, 'the same again');
select is(ai.set_model_price('n', 'p', 2, 8, '2026-01-01'), true, 'without a cache');
select is(ai.set_model_price('n', 'p', 2, 8, '2026-01-01', 2), false, 'cached input costs as much as input then');
select is(ai.set_model_price('m', 'p', 1, 8, '2026-02-01', 0.5), true, 'a later price');
select is(ai.set_model_price('m', 'p', 3, 8, '2025-12-01', 0.5), true, 'an earlier one');
select is((select count(*) from ai.models), 4::bigint, 'four rows');

select is(pg_temp.set_price(p_input => '2.1'), 'PT409 price_exists', 'another input price');
select is(pg_temp.set_price(p_output => '8.1'), 'PT409 price_exists', 'another output price');
select is(pg_temp.set_price(p_cached => '0.6'), 'PT409 price_exists', 'another cached price');
select is(pg_temp.set_price(p_provider => 'q'), 'PT409 price_exists', 'another provider');

select is(pg_temp.set_price(p_model => null), 'PT400 invalid_model', 'no model');
select is(pg_temp.set_price(p_model => ''), 'PT400 invalid_model', 'an empty name');
select is(pg_temp.set_price(p_model => 'a model'), 'PT400 invalid_model', 'a name with a blank');
select is(pg_temp.set_price(p_model => repeat('m', 201)), 'PT400 invalid_model', 'a long name');
select is(pg_temp.set_price(p_provider => 'Open AI'), 'PT400 invalid_model', 'a provider that is no word');
select is(pg_temp.set_price(p_provider => null), 'PT400 invalid_model', 'no provider');
select is(pg_temp.set_price(p_input => '-1'), 'PT400 invalid_price', 'less than nothing');
select is(pg_temp.set_price(p_input => null), 'PT400 invalid_price', 'no price of input');
select is(pg_temp.set_price(p_output => null), 'PT400 invalid_price', 'no price of output');
select is(pg_temp.set_price(p_output => '1000001'), 'PT400 invalid_price', 'too dear');
select is(pg_temp.set_price(p_output => 'NaN'), 'PT400 invalid_price', 'not a number');
select is(pg_temp.set_price(p_cached => 'Infinity'), 'PT400 invalid_price', 'infinity');
select is(pg_temp.set_price(p_cached => '0.0000001'), 'PT400 invalid_price', 'too many decimals');
select is(pg_temp.set_price(p_model => 'z', p_cached => '0.100000000'), 'accepted', 'noughts are no decimals');
select is(pg_temp.set_price(p_from => null), 'PT400 invalid_time', 'no time');
select is(pg_temp.set_price(p_from => '-infinity'), 'PT400 invalid_time', 'since ever');
select is(pg_temp.set_price(p_from => 'infinity'), 'PT400 invalid_time', 'never');

set local role pylayer_agent;
select is(pg_temp.set_price(p_model => 'x'), '42501', 'an agent does not');
set local role pylayer_analyst;
select is(pg_temp.set_price(p_model => 'x'), '42501', 'nor does an analyst');

select * from finish();
