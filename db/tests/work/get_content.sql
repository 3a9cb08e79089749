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

select work.create_artifact('report', 'one', 'text/markdown', '01ARZ3NDEKTSV4RRFFQ69G5FAV');
create temporary table up as select * from work.begin_upload(5, repeat('a', 64), 'text/plain', 'report', '01ARZ3NDEKTSV4RRFFQ69G5FAV');
select work.commit_upload(upload_id) from up;
grant select on up to pylayer_agent;
set local role pylayer_agent;
select is(
  (select (c.version, c.mime_type, c.size_bytes, c.storage_backend, c.storage_key, c.inline_content_text)::text
    from work.get_content('01ARZ3NDEKTSV4RRFFQ69G5FAV', 1) as c),
  '(1,text/markdown,3,inline,,one)', 'inline: the text'
);
select is(
  (select row(c.version, c.storage_backend, c.storage_key, c.inline_content_text)::text from work.get_content('01ARZ3NDEKTSV4RRFFQ69G5FAV') as c),
  format('(2,s3,%s,)', (select u.storage_key from up as u)), 's3: the key'
);
set local role pylayer_admin;
select work.delete_blob('01ARZ3NDEKTSV4RRFFQ69G5FAV', 2, 'test');
select is(pg_temp.refusal($$select work.get_content('01ARZ3NDEKTSV4RRFFQ69G5FAV')$$), 'PT410 content_deleted', 'deleted');
select is((select c.inline_content_text from work.get_content('01ARZ3NDEKTSV4RRFFQ69G5FAV', 1) as c), 'one', 'another version stays');
select is(pg_temp.refusal($$select work.get_content('01ARZ3NDEKTSV4RRFFQ69G5FAW')$$), 'PT404 no_artifact', 'unknown artifact');
select is(pg_temp.refusal($$select work.get_content('01ARZ3NDEKTSV4RRFFQ69G5FAV', 3)$$), 'PT404 no_version', 'unknown version');

select * from finish();
