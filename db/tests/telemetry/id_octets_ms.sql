select no_plan();

select is_empty(
  $$select u.id from (
      select core.new_ulid(t) as id from generate_series(timestamptz '1970-01-01', '10800-01-01', interval '1 year 97 days 0.123 seconds') as g (t)
      union all
      select rpad(repeat(substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', n, 1), 10), 26, '0') from generate_series(1, 8) as n
      union all
      select '0' || rpad(repeat(substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', n, 1), 9), 25, 'Z') from generate_series(1, 32) as n
    ) as u
    where telemetry.id_octets_ms(convert_to(u.id, 'UTF8')) is distinct from core.ulid_ms(u.id)$$,
  'the same as core.ulid_ms, for every digit'
);

select * from finish();
