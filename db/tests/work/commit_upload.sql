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
select 'first' as name, b.* from work.begin_upload(
  5, repeat('a', 64), 'text/plain', 'bundle', '01ARZ3NDEKTSV4RRFFQ69G5FAV', 0, 'preview', '{"k": 1}', '["t"]', 'item', 'run', 'project'
) as b;
insert into up select 'stale', b.* from work.begin_upload(5, repeat('b', 64), 'text/plain', 'bundle', '01ARZ3NDEKTSV4RRFFQ69G5FAV', 0) as b;
insert into up select 'same', b.* from work.begin_upload(5, repeat('a', 64), 'text/plain', 'bundle', '01ARZ3NDEKTSV4RRFFQ69G5FAV') as b;
insert into up select 'late', b.* from work.begin_upload(5, repeat('c', 64), 'text/plain', 'bundle', '01ARZ3NDEKTSV4RRFFQ69G5FAV') as b;
insert into up select 'greater', b.* from work.begin_upload(5, repeat('d', 64), 'text/plain', 'bundle', '01ARZ3NDEKTSV4RRFFQ69G5FAV') as b;
insert into up select 'expired', b.* from work.begin_upload(5, repeat('e', 64), 'text/plain', 'bundle', '01ARZ3NDEKTSV4RRFFQ69G5FAV') as b;
insert into up select 'aborted', b.* from work.begin_upload(5, repeat('f', 64), 'text/plain', 'bundle', '01ARZ3NDEKTSV4RRFFQ69G5FAV') as b;
update work.artifact_uploads set expires_at = now() - interval '1 second'
where upload_id = (select upload_id from up where name = 'expired');
create function pg_temp.commit(p_name text) returns work.version_info language sql as $$
  select work.commit_upload((select u.upload_id from up as u where u.name = p_name))
$$;
grant select on up to pylayer_agent;
set local role pylayer_agent;
select work.abort_upload((select u.upload_id from up as u where u.name = 'aborted'));

select is(
  (select (c.version, c.type, c.mime_type, c.size_bytes, c.content_hash, c.storage_backend, c.preview_text, c.created)::text
    from pg_temp.commit('first') as c),
  format('(1,bundle,text/plain,5,%s,s3,preview,t)', repeat('a', 64)), 'it makes the version that was reserved'
);
select is((select c.storage_key from pg_temp.commit('first') as c), (select u.storage_key from up as u where u.name = 'first'), 'with its key');
select is((select (c.version, c.created)::text from pg_temp.commit('first') as c), '(1,f)', 'a repeat returns the same');
select is(
  (select (g.tags, g.owner_item_id, g.owner_run_id, g.project_id)::text from work.get_artifact('01ARZ3NDEKTSV4RRFFQ69G5FAV') as g),
  '("[""t""]",item,run,project)', 'the artifact has the facts of the attempt'
);
select is(pg_temp.refusal($$select pg_temp.commit('stale')$$), 'PT409 stale_version', 'the expected version is checked again');
select is((select (c.version, c.created)::text from pg_temp.commit('same') as c), '(1,f)', 'bytes that were stored in the meantime');
select is((select (c.version, c.created)::text from pg_temp.commit('same') as c), '(1,f)', 'and its repeat');
select is((select c.version from pg_temp.commit('greater') as c), 5, 'commits come in any order');
select is((select c.version from pg_temp.commit('late') as c), 4, 'a late one too');
select is((select g.version from work.get_artifact('01ARZ3NDEKTSV4RRFFQ69G5FAV') as g), 5, 'the latest version is the greatest committed');
select is((select c.version from work.create_version('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'next') as c), 8, 'a number is given out once');
select is(pg_temp.refusal($$select pg_temp.commit('expired')$$), 'PT410 upload_expired', 'past its time, before maintenance saw it');
select is(pg_temp.refusal($$select pg_temp.commit('aborted')$$), 'PT410 upload_aborted', 'given up');
select is(pg_temp.refusal($$select work.commit_upload('01ARZ3NDEKTSV4RRFFQ69G5FAW')$$), 'PT404 no_upload', 'unknown');
select is(pg_temp.refusal($$select work.commit_upload(null)$$), 'PT404 no_upload', 'null');

reset role;
select results_eq(
  $$select u.name, s.state::text, s.preview_text from work.artifact_uploads as s inner join up as u using (upload_id) order by 1$$,
  $$values ('aborted', 'aborted', null), ('expired', 'open', null), ('first', 'committed', null), ('greater', 'committed', null),
    ('late', 'committed', null), ('same', 'unchanged', null), ('stale', 'open', null)$$,
  'what became of each attempt'
);

select * from finish();
