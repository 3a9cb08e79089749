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

set local role pylayer_agent;
create temporary table first as select * from work.begin_upload(5, repeat('a', 64), 'application/gzip', 'bundle', '01ARZ3NDEKTSV4RRFFQ69G5FAV');
select is(
  (select (f.artifact_id, f.version, f.storage_key, f.copy_from, f.created)::text from first as f),
  format('(%s,1,artifacts/bundle/%s/v1/%s.gz,,t)', '01ARZ3NDEKTSV4RRFFQ69G5FAV', '01ARZ3NDEKTSV4RRFFQ69G5FAV', repeat('a', 64)), 'the number is reserved, the key is made'
);
select ok((select f.expires_at between now() + interval '23 hours' and now() + interval '25 hours' from first as f), 'it expires');
select is((select b.version from work.begin_upload(5, repeat('a', 64), 'text/plain', 'bundle', '01ARZ3NDEKTSV4RRFFQ69G5FAV') as b), 2, 'another attempt has its own number');
select is(pg_temp.refusal($$select work.get_artifact('01ARZ3NDEKTSV4RRFFQ69G5FAV')$$), 'PT404 no_artifact', 'a reservation is invisible');
select is(pg_temp.refusal($$select work.begin_upload(5, repeat('a', 64), 'text/plain', p_artifact_id => '01ARZ3NDEKTSV4RRFFQ69G5FAV')$$),
  'PT404 no_artifact', 'without a type the artifact must have a version');
select is(pg_temp.refusal($$select work.begin_upload(5, repeat('a', 64), 'text/plain')$$), 'PT400 invalid_artifact_id', 'neither type nor id');
select is(pg_temp.refusal($$select work.begin_upload(5, repeat('a', 64), 'text/plain', 'other', '01ARZ3NDEKTSV4RRFFQ69G5FAV')$$), 'PT409 type_mismatch', 'another type');
select is(pg_temp.refusal($$select work.begin_upload(5, repeat('a', 64), 'text/plain', 'bundle', '01ARZ3NDEKTSV4RRFFQ69G5FAV', 1)$$), 'PT409 stale_version', 'another version');
select is(pg_temp.refusal($$select work.begin_upload(-1, repeat('a', 64), 'text/plain', 'bundle')$$), 'PT400 invalid_size', 'a negative size');
select is(pg_temp.refusal($$select work.begin_upload(null, repeat('a', 64), 'text/plain', 'bundle')$$), 'PT400 invalid_size', 'no size');
select is(pg_temp.refusal($$select work.begin_upload(1, null, 'text/plain', 'bundle')$$), 'PT400 invalid_content_hash', 'no hash');
select is(pg_temp.refusal($$select work.begin_upload(1, repeat('a', 64), null, 'bundle')$$), 'PT400 invalid_mime_type', 'no mime type');

select work.commit_upload((select f.upload_id from first as f));
select is(
  (select (b.upload_id, b.version, b.created)::text from work.begin_upload(5, repeat('a', 64), 'text/plain', p_artifact_id => '01ARZ3NDEKTSV4RRFFQ69G5FAV') as b),
  '(,1,f)', 'the bytes of the latest version need no upload'
);
select is(
  (select b.copy_from from work.begin_upload(5, repeat('a', 64), 'text/plain', 'bundle', '01ARZ3NDEKTSV4RRFFQ69G5FAW') as b),
  (select f.storage_key from first as f), 'the same bytes elsewhere can be copied'
);
select is(
  (select b.copy_from from work.begin_upload(6, repeat('a', 64), 'text/plain', 'bundle', '01ARZ3NDEKTSV4RRFFQ69G5FAW') as b), null, 'another size is not the same'
);
set local role pylayer_admin;
select work.delete_blob('01ARZ3NDEKTSV4RRFFQ69G5FAV', 1, 'test');
select is(
  (select b.copy_from from work.begin_upload(5, repeat('a', 64), 'text/plain', 'bundle', '01ARZ3NDEKTSV4RRFFQ69G5FAW') as b), null, 'deleted content is not copied'
);
select is((select b.created from work.begin_upload(5, repeat('a', 64), 'text/plain', 'bundle', '01ARZ3NDEKTSV4RRFFQ69G5FAV') as b), true, 'deleted content is sent again');

select * from finish();
