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
set local role pylayer_admin;
select is(pg_temp.refusal($$select work.confirm_blob_deleted('01ARZ3NDEKTSV4RRFFQ69G5FAV', 1)$$), 'PT404 no_tombstone', 'not deleted');
select work.delete_blob('01ARZ3NDEKTSV4RRFFQ69G5FAV', 1, 'test');
select is(work.confirm_blob_deleted('01ARZ3NDEKTSV4RRFFQ69G5FAV', 1), true, 'the first time');
select is(work.confirm_blob_deleted('01ARZ3NDEKTSV4RRFFQ69G5FAV', 1), false, 'a repeat');
select is_empty('select * from work.undeleted_blobs()', 'nothing left to delete');
set local role pylayer_agent;
select throws_ok($$select work.confirm_blob_deleted('01ARZ3NDEKTSV4RRFFQ69G5FAV', 1)$$, '42501', null, 'an agent may not');

select * from finish();
