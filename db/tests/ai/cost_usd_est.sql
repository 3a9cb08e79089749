select no_plan();

select ai.set_model_price('gpt-4o', 'openai', 5, 15, '2024-05-13 00:00:00+00');
select ai.set_model_price('gpt-4o', 'openai', 2.5, 10, '2024-10-01 00:00:00+00', 1.25);
select ai.set_model_price('gpt-4o-mini', 'openai', 0.15, 0.6, '2024-10-01 00:00:00+00', 0.075);
select ai.set_model_price('tiny', 'p', 0.000001, 0.000001, '2024-10-01 00:00:00+00', 0);
select ai.set_model_price('vast', 'p', 999999.999999, 999999.999999, '2024-10-01 00:00:00+00');
set local role pylayer_agent;

select is(ai.cost_usd_est('gpt-4o', 1000000, 0, 0), 2.5, 'input');
select is(ai.cost_usd_est('gpt-4o', 1000000, 1000000, 0), 1.25, 'cached input');
select is(ai.cost_usd_est('gpt-4o', 0, 0, 1000000), 10::numeric, 'output');
select is(ai.cost_usd_est('gpt-4o', 1000, 400, 100), 0.003, 'the cached ones are part of the input');
select is(ai.cost_usd_est('gpt-4o', 1000, 400, 100)::text, '0.003000000', 'to nine decimals');
select is(ai.cost_usd_est('gpt-4o', 1000, 0, 100, '2024-09-30'), 0.0065, 'at the price of the time');
select is(ai.cost_usd_est('gpt-4o', 1000, 0, 100, '2024-05-12'), null, 'not before there is one');
select is(ai.cost_usd_est('gpt-4o', 0, 0, 0), 0::numeric, 'nothing costs nothing');

select is(ai.cost_usd_est('gpt-4o-2024-08-06', 1000000, 0, 0), 2.5, 'a snapshot');
select is(ai.cost_usd_est('gpt-4o-mini-2024-07-18', 1000000, 0, 0), 0.15, 'of the longest name');
select is(ai.cost_usd_est('gpt-4o@2024', 1000000, 0, 0), 2.5, 'after @');
select is(ai.cost_usd_est('gpt-4o:free', 1000000, 0, 0), 2.5, 'after a colon');
select is(ai.cost_usd_est('gpt-4o-', 1000000, 0, 0), 2.5, 'after a dash alone');
select is(ai.cost_usd_est('gpt-4oo', 1000000, 0, 0), null, 'another name');
select is(ai.cost_usd_est('gpt-4', 1000000, 0, 0), null, 'a shorter one');
select is(ai.cost_usd_est('GPT-4o', 1000000, 0, 0), null, 'case counts');
select is(ai.cost_usd_est('gpt_4o', 1000000, 0, 0), null, 'no wildcard');
select is(ai.cost_usd_est('gpt-4o-mini', 1000000, 0, 0, '2024-09-30'), 5::numeric, 'before it has a price it is a snapshot');
select is(ai.cost_usd_est('', 1, 0, 1), null, 'no name');

select is(ai.cost_usd_est('gpt-4o', -1, 0, 0), null, 'a negative count of input');
select is(ai.cost_usd_est('gpt-4o', 1, -1, 0), null, 'of cached input');
select is(ai.cost_usd_est('gpt-4o', 1, 0, -1), null, 'of output');
select is(ai.cost_usd_est('gpt-4o', 1, 2, 0), null, 'more cached than input');
select is(ai.cost_usd_est('gpt-4o', null, 0, 0), null, 'an unknown count');

select is(ai.cost_usd_est('tiny', 499, 0, 0), 0::numeric, 'below half of the last decimal');
select is(ai.cost_usd_est('tiny', 500, 0, 0), 0.000000001, 'half is rounded up');
select is(
  ai.cost_usd_est('vast', 9223372036854775807, 0, 9223372036854775807), 18446744073691104869.926290448, 'no count is too great'
);

set local role pylayer_analyst;
select is(ai.cost_usd_est('gpt-4o', 1000000, 0, 0), 2.5, 'an analyst may');
set local role pylayer_auditor;
select is(ai.cost_usd_est('gpt-4o', 1000000, 0, 0), 2.5, 'an auditor may');

select * from finish();
