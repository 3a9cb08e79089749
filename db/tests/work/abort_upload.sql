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

create temporary table up as select b.* from work.begin_upload(5, repeat('a', 64), 'text/plain', 'bundle', '01ARZ3NDEKTSV4RRFFQ69G5FAV') as b;
create temporary table done as select b.* from work.begin_upload(5, repeat('a', 64), 'text/plain', 'bundle', '01ARZ3NDEKTSV4RRFFQ69G5FAV') as b;
grant select on up, done to pylayer_agent;
set local role pylayer_agent;
select work.commit_upload((select d.upload_id from done as d));

select is(work.abort_upload((select u.upload_id from up as u)), true, 'it was open');
select is(work.abort_upload((select u.upload_id from up as u)), false, 'a repeat');
select is(pg_temp.refusal($$select work.abort_upload((select d.upload_id from done as d))$$), 'PT409 already_committed', 'committed');
select is(pg_temp.refusal($$select work.abort_upload('nope')$$), 'PT404 no_upload', 'unknown');
select is((select g.version from work.get_artifact('01ARZ3NDEKTSV4RRFFQ69G5FAV') as g), 2, 'the aborted number is a gap');

select * from finish();
