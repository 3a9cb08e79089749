select no_plan();

select ai.set_model_price('m', 'p', 2, 8, '2026-01-01 00:00:00+00', 0.5);
select ai.set_model_price('m', 'p', 1, 4, '2026-02-01 00:00:00+00', 0.25);
select ai.set_model_price('B', 'q', 3, 6, '2026-02-01 00:00:00+00');
select ai.set_model_price('later', 'p', 2, 8, now() + interval '1 day');
set local role pylayer_agent;

create function pg_temp.found(p_at timestamptz) returns text language sql as $$
  select coalesce(string_agg(f.model || ' ' || f.input_usd_per_mtok, ', '), '') from ai.model_prices(p_at) as f
$$;
select is(pg_temp.found('2025-12-31 23:59:59.999999+00'), '', 'before any');
select is(pg_temp.found('2026-01-01 00:00:00+00'), 'm 2', 'from the time on');
select is(pg_temp.found('2026-01-31 23:59:59.999999+00'), 'm 2', 'until the next');
select is(pg_temp.found('2026-02-01 00:00:00+00'), 'B 3, m 1', 'the next, by name in the order of bytes');
select is(pg_temp.found(now()), 'B 3, m 1', 'none ahead of its time');
select is(pg_temp.found('infinity'), 'B 3, later 2, m 1', 'the last of all');
select is(pg_temp.found(null), '', 'at no time');
select results_eq(
  'select * from ai.model_prices() where model = ''m''',
  $$values ('m', 'p', '2026-02-01 00:00:00+00'::timestamptz, 1::numeric, 0.25, 4::numeric)$$, 'the columns, now'
);

set local role pylayer_analyst;
select is(pg_temp.found(now()), 'B 3, m 1', 'an analyst may');
set local role pylayer_auditor;
select is(pg_temp.found(now()), 'B 3, m 1', 'an auditor may');

select * from finish();
