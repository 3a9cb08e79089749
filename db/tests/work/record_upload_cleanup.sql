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
select n.name, b.* from (values ('one'), ('two')) as n (name),
  lateral work.begin_upload(5, repeat(left(md5(n.name), 1), 64), 'text/plain', 'bundle', '01ARZ3NDEKTSV4RRFFQ69G5FAV') as b;
insert into up select 'committed', b.* from work.begin_upload(5, repeat('a', 64), 'text/plain', 'bundle', '01ARZ3NDEKTSV4RRFFQ69G5FAW') as b;
insert into up select 'beside', b.* from work.begin_upload(5, repeat('a', 64), 'text/plain', 'bundle', '01ARZ3NDEKTSV4RRFFQ69G5FAW') as b;
select work.commit_upload(upload_id) from up where name = 'committed';
select work.commit_upload(upload_id) from up where name = 'beside';
create function pg_temp.clean(p_name text) returns boolean language sql as $$
  select work.record_upload_cleanup((select u.upload_id from up as u where u.name = p_name))
$$;

select is(pg_temp.refusal($$select pg_temp.clean('one')$$), 'PT409 upload_in_use', 'an open one');
select is(pg_temp.refusal($$select pg_temp.clean('committed')$$), 'PT409 upload_in_use', 'a committed one');
select is(pg_temp.clean('beside'), true, 'one whose bytes were stored already');
select work.abort_upload(upload_id) from up where name in ('one', 'two');
select is(pg_temp.clean('one'), true, 'an aborted one');
select is(pg_temp.clean('one'), true, 'and again');
select is((select count(*) from work.artifact_uploads where cleaned_at is not null), 2::bigint, 'before the grace is over they stay');
update work.artifact_uploads set expires_at = now() - interval '8 days';
select is(pg_temp.clean('one'), true, 'after the grace');
select is(pg_temp.clean('one'), false, 'it is gone');
select is(pg_temp.clean('two'), true, 'the last attempt');
select isnt(
  (select b.storage_key from work.begin_upload(
    5, repeat(left(md5('one'), 1), 64), 'text/plain', 'bundle', '01ARZ3NDEKTSV4RRFFQ69G5FAV'
  ) as b),
  (select u.storage_key from up as u where u.name = 'one'),
  'the same bytes get another key: a slow cleaner may still be deleting the object of the old one'
);
select is(pg_temp.clean('beside'), true, 'the attempt beside a version');
select is((select g.version from work.get_artifact('01ARZ3NDEKTSV4RRFFQ69G5FAW') as g), 1, 'an artifact with a version stays');
set local role pylayer_agent;
select throws_ok('select work.record_upload_cleanup(null)', '42501', null, 'an agent may not');

select * from finish();
