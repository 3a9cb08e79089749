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

create temporary table up as select * from work.begin_upload(5, repeat('a', 64), 'text/plain', 'report', '01ARZ3NDEKTSV4RRFFQ69G5FAV');
select work.commit_upload(upload_id) from up;
grant select on up to pylayer_admin;
set local role pylayer_admin;
select is_empty('select * from work.undeleted_blobs()', 'nothing deleted');
select work.delete_blob('01ARZ3NDEKTSV4RRFFQ69G5FAV', 1, 'test');
select results_eq('select artifact_id, version, storage_key from work.undeleted_blobs()',
  'select artifact_id, version, storage_key from up', 'deleted, not confirmed');
select is(pg_temp.refusal('select work.undeleted_blobs(null)'), 'PT400 invalid_limit', 'no limit');
set local role pylayer_agent;
select throws_ok('select work.undeleted_blobs()', '42501', null, 'an agent may not');

select * from finish();
