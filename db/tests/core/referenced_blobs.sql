select no_plan();

create temporary table u as
select row_number() over () as nth, u.* from generate_series(1, 3) as n cross join lateral work.begin_upload(
  p_type => 'bundle', p_content_hash => encode(sha256(n::text::bytea), 'hex'), p_size_bytes => n,
  p_mime_type => 'application/zip'
) as u;
grant select on u to public;
select work.commit_upload(upload_id) from u where nth < 3;
select work.delete_blob((select artifact_id from u where nth = 2), 1, 'asked for');
select work.create_artifact(p_type => 'note', p_content => 'inline');
insert into telemetry.archives (month, storage_key, rows, size_bytes, content_hash, verified_at) values
('2026-01-01Z', 'archives/1', 0, 10, repeat('a', 64), now()), ('2026-02-01Z', 'archives/2', 0, 10, repeat('b', 64), null);
set local role pylayer_admin;

select results_eq(
  'select storage_key, size_bytes, content_hash, mime_type, artifact_id, version from core.referenced_blobs() order by 1',
  $$select * from (
    values ('archives/1', 10::bigint, repeat('a', 64), 'application/vnd.apache.parquet'::text, null::text, null::integer)
    union all
    select storage_key, 1, encode(sha256('1'), 'hex'), 'application/zip', artifact_id::text, 1 from u where nth = 1
  ) as wanted order by 1$$,
  'committed content and verified archives: no open upload, nothing deleted, nothing inline'
);

set local role pylayer_analyst;
select is(tap.outcome('select core.referenced_blobs()'), '42501', 'others do not');

select * from finish();
