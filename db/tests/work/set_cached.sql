select no_plan();
set local role pylayer_agent;
create function pg_temp.cached(p_keys text) returns text language sql volatile as $$
  select string_agg(format('%s %s %s', c.nth, c.serde_type, convert_from(c.data, 'UTF8')), ', ' order by c.nth) from work.get_cached(p_keys::jsonb) as c
$$;
select work.set_cached('[["n", "k", "t", 3, null], ["n", "l", "t", 0, 60], ["m", "k", "u", 2, -3600]]', 'onexx');
select is(pg_temp.cached('[["n", "k"], ["n", "l"], ["m", "k"]]'), '0 t one, 1 t ', 'what has not expired');
select work.set_cached('[["n", "k", "t", 3, null], ["n", "k", "v", 3, 0.5]]', 'twotri');
select is(pg_temp.cached('[["n", "k"]]'), '0 v tri', 'the last of a key, in place of what was there');
select is(tap.outcome(format('select work.set_cached(%L, %L)', e.entries, 'a')), 'PT400 invalid_entries', e.entries)
from (values ('{}'), ('[]'), ('[["n", "k", "t", 2, null]]'), ('[["n", null, "t", 1, null]]'), ('[["n", "k", "", 1, null]]'), ('[["n", "k", "t", 1, "x"]]'), ('[1]'),
  (format('[["%s", "k", "t", 1, null]]', repeat('n', 1001)))) as e (entries);
select is(tap.outcome('select work.set_cached(null, '''')'), 'PT400 invalid_entries', 'no entries');
select is(tap.outcome('select work.set_cached(''[]'', null)'), 'PT400 invalid_entries', 'no data');
set local role pylayer_analyst;
select is(tap.outcome('select work.set_cached(''[]'', '''')'), '42501', 'an analyst stores none');
select * from finish();
