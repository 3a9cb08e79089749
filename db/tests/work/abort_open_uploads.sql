select no_plan();

create temporary table u as
select row_number() over () as nth, u.* from generate_series(1, 3) as n cross join lateral work.begin_upload(
  p_type => 'bundle', p_content_hash => encode(sha256(n::text::bytea), 'hex'), p_size_bytes => n, p_mime_type => 'application/zip'
) as u;
grant select on u to public;
select work.commit_upload(upload_id) from u where nth = 1;
set local role pylayer_admin;

select is(work.abort_open_uploads(), 2::bigint, 'the open ones');
select is(work.abort_open_uploads(), 0::bigint, 'once');
select results_eq(
  'select u.nth, a.state::text from u join work.artifact_uploads as a using (upload_id) order by 1',
  $$values (1::bigint, 'committed'), (2, 'aborted'), (3, 'aborted')$$, 'committed ones stay'
);

set local role pylayer_agent;
select is(
  tap.outcome(format('select work.commit_upload(%L)', (select upload_id from u where nth = 2))), 'PT410 upload_aborted',
  'none of them becomes a version'
);
select is(tap.outcome('select work.abort_open_uploads()'), '42501', 'agents do not');

select * from finish();
