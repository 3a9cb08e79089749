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

select work.create_artifact('report', 'content 1', p_artifact_id => '01ARZ3NDEKTSV4RRFFQ69G5FAV');
select work.create_version('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'content ' || i) from generate_series(2, 5) as i;
set local role pylayer_agent;
select results_eq($$select version, latest_version from work.list_versions('01ARZ3NDEKTSV4RRFFQ69G5FAV', p_limit => 3)$$,
  'values (5, 5), (4, 5), (3, 5)', 'newest first');
select results_eq($$select version from work.list_versions('01ARZ3NDEKTSV4RRFFQ69G5FAV', p_limit => 3, p_before => 3)$$, 'values (2), (1)', 'the next page');
select is_empty($$select * from work.list_versions('01ARZ3NDEKTSV4RRFFQ69G5FAV', p_before => 1)$$, 'no more');
select is(pg_temp.refusal($$select work.list_versions('01ARZ3NDEKTSV4RRFFQ69G5FAW')$$), 'PT404 no_artifact', 'unknown artifact');
select is(pg_temp.refusal($$select work.list_versions('x')$$), 'PT400 invalid_artifact_id', 'what is no ULID');
select is(pg_temp.refusal($$select work.list_versions('01ARZ3NDEKTSV4RRFFQ69G5FAV', 1001)$$), 'PT400 invalid_limit', 'a limit over the greatest');

select * from finish();
