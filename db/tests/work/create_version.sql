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
select is(pg_temp.refusal($$select work.create_version('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'x')$$), 'PT404 no_artifact', 'an unknown artifact');
select is(pg_temp.refusal($$select work.create_version(null, 'x')$$), 'PT400 invalid_artifact_id', 'no id');
select is(pg_temp.refusal($$select work.create_version('x', 'x')$$), 'PT400 invalid_artifact_id', 'what is no ULID');

select upload_id from work.begin_upload(5, repeat('a', 64), 'text/plain', 'report', '01ARZ3NDEKTSV4RRFFQ69G5FAV');
select is(pg_temp.refusal($$select work.create_version('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'x')$$), 'PT404 no_artifact', 'an artifact without a version is invisible');

select work.create_artifact('report', '# one', 'text/markdown', '01ARZ3NDEKTSV4RRFFQ69G5FAW', p_preview_text => 'one');
select is(
  (select (c.version, c.type, c.mime_type, c.preview_text, c.created)::text from work.create_version('01ARZ3NDEKTSV4RRFFQ69G5FAW', 'two') as c),
  '(2,report,text/markdown,,t)', 'the mime type is that of the latest version, the preview is not'
);
select is((select (c.version, c.mime_type)::text from work.create_version('01ARZ3NDEKTSV4RRFFQ69G5FAW', 'three', 'text/plain') as c),
  '(3,text/plain)', 'a mime type of its own');
select is((select (c.version, c.mime_type, c.created)::text from work.create_version('01ARZ3NDEKTSV4RRFFQ69G5FAW', 'three', 'text/html') as c),
  '(3,text/plain,f)', 'the same bytes return the latest version as it is');
select is((select c.version from work.create_version('01ARZ3NDEKTSV4RRFFQ69G5FAW', 'two') as c), 4, 'bytes of an older version make a new one');
select is((select c.version from work.create_version('01ARZ3NDEKTSV4RRFFQ69G5FAW', 'five', p_expected_version => 4) as c), 5, 'the expected version');
select is(pg_temp.refusal($$select work.create_version('01ARZ3NDEKTSV4RRFFQ69G5FAW', 'six', p_expected_version => 4)$$), 'PT409 stale_version', 'another version');
select is(pg_temp.refusal($$select work.create_version('01ARZ3NDEKTSV4RRFFQ69G5FAW', 'five', p_expected_version => 4)$$),
  'PT409 stale_version', 'another version, though the bytes are the same');
select is(pg_temp.refusal($$select work.create_version('01ARZ3NDEKTSV4RRFFQ69G5FAW', 'six', p_content_hash => repeat('a', 64))$$), 'PT409 hash_mismatch', 'a wrong hash');
select is(pg_temp.refusal($$select work.create_version('01ARZ3NDEKTSV4RRFFQ69G5FAW', repeat('x', 512001))$$), 'PT413 inline_limit', 'too large');
select is((select g.latest_version from work.get_artifact('01ARZ3NDEKTSV4RRFFQ69G5FAW') as g), 5, 'refused calls use no number');

select * from finish();
