select no_plan();

create function pg_temp.refusal(p_sql text) returns text language plpgsql as $$
declare
  v_reason text;
begin
  execute p_sql;
  return 'accepted';
exception when others then
  get stacked diagnostics v_reason = constraint_name;
  return sqlstate || ' ' || v_reason;
end
$$;

select is(work.is_opaque_json('{"a": [1, null, "x"]}'), false, 'jsonb holds it');
select is(work.is_opaque_json('"\u0000"'), true, 'a NUL');
select is(work.is_opaque_json('"\ud800"'), true, 'a lone surrogate');
select is(work.is_opaque_json('1e400000'), true, 'a number too large');
select is(pg_temp.refusal($$select work.is_opaque_json('{')$$), 'PT400 invalid_json', 'not JSON');
select is(pg_temp.refusal($$select work.is_opaque_json('NaN')$$), 'PT400 invalid_json', 'nearly JSON');

select * from finish();
