select no_plan();

select is(
  work.artifact_storage_key('report', '01ARZ3NDEKTSV4RRFFQ69G5FAV', 3, repeat('a', 64), 'text/markdown'),
  format('artifacts/report/%s/v3/%s.md', '01ARZ3NDEKTSV4RRFFQ69G5FAV', repeat('a', 64)), 'type, id, version, hash, extension'
);
select results_eq(
  $$select m, substring(work.artifact_storage_key('t', '01ARZ3NDEKTSV4RRFFQ69G5FAV', 1, repeat('a', 64), m) from '[a-f0-9]{64}[.](.*)$')
    from unnest(array['text/plain; charset=utf-8', 'Application/JSON', 'application/gzip', 'application/x-tar+gzip', 'image/svg+xml',
      'application/vnd.x+json', 'application/octet-stream', 'application/x-ndjson', 'application/vnd.apache.parquet']) as m$$,
  $$values ('text/plain; charset=utf-8', 'txt'), ('Application/JSON', 'json'), ('application/gzip', 'gz'),
    ('application/x-tar+gzip', 'tar.gz'), ('image/svg+xml', 'svg'), ('application/vnd.x+json', 'json'),
    ('application/octet-stream', 'bin'), ('application/x-ndjson', 'jsonl'), ('application/vnd.apache.parquet', 'parquet')$$,
  'extensions'
);

select * from finish();
