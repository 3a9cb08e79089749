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

create temporary table up as
select n.name, b.* from (values ('open'), ('old'), ('aborted'), ('committed'), ('cleaned')) as n (name),
  lateral work.begin_upload(5, repeat(left(md5(n.name), 1), 64), 'text/plain', 'bundle', '01ARZ3NDEKTSV4RRFFQ69G5FAV') as b;
update work.artifact_uploads set expires_at = now() - interval '1 second'
where upload_id in (select upload_id from up where name = 'old');
select work.commit_upload(upload_id) from up where name = 'committed';
select work.abort_upload(upload_id) from up where name in ('aborted', 'cleaned');
select work.record_upload_cleanup(upload_id) from up where name = 'cleaned';
update work.artifact_uploads set expires_at = now() - interval '1 second'
where upload_id in (select upload_id from up where name = 'committed');
grant select on up to pylayer_admin;

set local role pylayer_admin;
select results_eq(
  $$select u.name from work.expired_uploads() as e inner join up as u using (upload_id, storage_key) order by 1$$,
  $$values ('aborted'), ('old')$$, 'what can never become a version, and was not cleaned lately'
);
select is((select s.state::text from work.artifact_uploads as s inner join up as u using (upload_id) where u.name = 'old'),
  'expired', 'an open one is marked');
reset role;
update work.artifact_uploads set cleaned_at = now() - interval '61 minutes' where cleaned_at is not null;
set local role pylayer_admin;
select is((select count(*) from work.expired_uploads()), 3::bigint, 'a cleaned one comes again after an hour');
select is((select count(*) from work.expired_uploads(p_limit => 1)), 1::bigint, 'the limit');
select is(pg_temp.refusal('select work.expired_uploads(0)'), 'PT400 invalid_limit', 'a limit of none');
set local role pylayer_agent;
select throws_ok('select work.expired_uploads()', '42501', null, 'an agent may not');

select * from finish();
