select no_plan();
set local role pylayer_agent;
select work.set_cached('[["n", "k", "t", 3, null]]', 'one');
select results_eq('select nth, serde_type, data from work.get_cached(''[["n", "x"], ["n", "k"], ["n", "k"]]'')',
  $$values (1::bigint, 't', 'one'::bytea), (2, 't', 'one')$$, 'each that is there, by its place');
select is_empty('select * from work.get_cached(''[]'')', 'none');
select is_empty('select * from work.get_cached(''[[null, "k"], {}, 1]'')', 'keys that are none');
select is(tap.outcome('select * from work.get_cached(null)'), 'PT400 invalid_keys', 'no array');
set local role pylayer_analyst;
select is(tap.outcome('select * from work.get_cached(''[]'')'), '42501', 'an analyst reads the table');
select * from finish();
