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
select work.create_artifact('report', 'inline', p_artifact_id => '01ARZ3NDEKTSV4RRFFQ69G5FAW');
set local role pylayer_agent;
select throws_ok($$select work.delete_blob('01ARZ3NDEKTSV4RRFFQ69G5FAV', 1, 'r')$$, '42501', null, 'an agent may not');
set local role pylayer_admin;
select is((select (d.version, d.deleted, d.deleted_by)::text from work.delete_blob('01ARZ3NDEKTSV4RRFFQ69G5FAV', 1, 'asked by legal') as d),
  format('(1,t,%s)', session_user), 'it says who');
select is((select d.deleted from work.delete_blob('01ARZ3NDEKTSV4RRFFQ69G5FAV', 1, 'again') as d), false, 'a repeat');
select is((select (t.reason, t.deleted_as)::text from work.artifact_tombstones as t), '("asked by legal",pylayer_admin)', 'the first reason stays');
select is((select (g.deleted, g.size_bytes)::text from work.get_artifact('01ARZ3NDEKTSV4RRFFQ69G5FAV') as g), '(t,5)', 'metadata stays');
select is(pg_temp.refusal($$select work.delete_blob('01ARZ3NDEKTSV4RRFFQ69G5FAW', 1, 'r')$$), 'PT409 inline_content', 'inline content');
select is(pg_temp.refusal($$select work.delete_blob('01ARZ3NDEKTSV4RRFFQ69G5FAV', 2, 'r')$$), 'PT404 no_version', 'unknown version');
select is(pg_temp.refusal($$select work.delete_blob('01ARZ3NDEKTSV4RRFFQ69G5FAX', 1, 'r')$$), 'PT404 no_artifact', 'unknown artifact');
select is(pg_temp.refusal($$select work.delete_blob('01ARZ3NDEKTSV4RRFFQ69G5FAV', 1, ' ')$$), 'PT400 invalid_reason', 'no reason');
select is(pg_temp.refusal($$select work.delete_blob('01ARZ3NDEKTSV4RRFFQ69G5FAV', 1, null)$$), 'PT400 invalid_reason', 'null reason');
select is((select b.version from work.begin_upload(5, repeat('a', 64), 'text/plain', 'report', '01ARZ3NDEKTSV4RRFFQ69G5FAV') as b), 2, 'the same bytes are a new version now');

select * from finish();
