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

select is(
  (select (c.version, c.type, c.mime_type, c.size_bytes, c.storage_backend, c.storage_key, c.created)::text
    from work.create_artifact(p_type => 'report', p_content => 'héllo', p_artifact_id => '01ARZ3NDEKTSV4RRFFQ69G5FAV') as c),
  '(1,report,text/plain,6,inline,,t)', 'an unknown id makes an artifact with version 1; sizes are bytes'
);
select is(
  (select c.content_hash from work.create_artifact(p_type => 'report', p_content => 'abc') as c),
  'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 'the hash is the sha256 of the bytes'
);
select matches(
  (select c.artifact_id from work.create_artifact(p_type => 'report', p_content => 'x') as c),
  '^[0-7][0-9A-HJKMNP-TV-Z]{25}$', 'without an id it makes a ULID'
);
select is(
  (select (c.version, c.created)::text
    from work.create_artifact(p_type => 'report', p_content => 'héllo', p_artifact_id => '01ARZ3NDEKTSV4RRFFQ69G5FAV') as c),
  '(1,f)', 'the same bytes make no version'
);
select is(
  (select (c.version, c.created)::text from work.create_artifact(
    p_type => 'report', p_content => 'two', p_artifact_id => '01ARZ3NDEKTSV4RRFFQ69G5FAV', p_tags => '{"a": 1}', p_owner_run_id => 'run-1'
  ) as c),
  '(2,t)', 'other bytes make the next version'
);
select is(
  (select (c.version, c.created)::text from work.create_artifact(
    p_type => 'report', p_content => 'two', p_artifact_id => '01ARZ3NDEKTSV4RRFFQ69G5FAV', p_owner_item_id => 'INFR-001'
  ) as c),
  '(2,f)', 'the same bytes with another owner make no version'
);
select is(
  (select (g.tags, g.owner_item_id, g.owner_run_id)::text from work.get_artifact('01ARZ3NDEKTSV4RRFFQ69G5FAV') as g),
  '("{""a"": 1}",INFR-001,run-1)', 'facts that are given replace those of the artifact, the others stay'
);
select is(
  (select (c.version, c.created)::text
    from work.create_artifact(p_type => 'report', p_content => '', p_artifact_id => '01ARZ3NDEKTSV4RRFFQ69G5FAV') as c),
  '(3,t)', 'empty text is content'
);
select is(
  (select c.created from work.create_artifact(
    p_type => 'report', p_content => 'abc', p_artifact_id => '01ARZ3NDEKTSV4RRFFQ69G5FAW', p_expected_version => 0,
    p_content_hash => 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
  ) as c),
  true, 'expected version 0 and the right hash'
);

select is(pg_temp.refusal($$select work.create_artifact('report', 'x', p_artifact_id => '01ARZ3NDEKTSV4RRFFQ69G5FAV', p_expected_version => 0)$$),
  'PT409 stale_version', 'expected none, but there is one');
select is(pg_temp.refusal($$select work.create_artifact('report', 'x', p_artifact_id => '01ARZ3NDEKTSV4RRFFQ69G5FAX', p_expected_version => 3)$$),
  'PT409 stale_version', 'expected one, but there is none');
select is(pg_temp.refusal($$select work.create_artifact('other', 'x', p_artifact_id => '01ARZ3NDEKTSV4RRFFQ69G5FAV')$$),
  'PT409 type_mismatch', 'a type never changes');
select is(pg_temp.refusal($$select work.create_artifact('report', 'x', p_content_hash => repeat('a', 64))$$),
  'PT409 hash_mismatch', 'a wrong hash');
select is(pg_temp.refusal($$select work.create_artifact('report', 'x', p_content_hash => 'XYZ')$$),
  'PT400 invalid_content_hash', 'what is no hash');
select is(pg_temp.refusal($$select work.create_artifact('report', null)$$), 'PT400 missing_content', 'null content');
select is(pg_temp.refusal($$select work.create_artifact(null, 'x')$$), 'PT400 invalid_type', 'null type');
select is(pg_temp.refusal($$select work.create_artifact('Report', 'x')$$), 'PT400 invalid_type', 'upper-case type');
select is(pg_temp.refusal($$select work.create_artifact('report', 'x', p_artifact_id => 'abc')$$),
  'PT400 invalid_artifact_id', 'what is no ULID');
select is(pg_temp.refusal($$select work.create_artifact('report', 'x', 'text')$$), 'PT400 invalid_mime_type', 'what is no mime type');
select is(pg_temp.refusal($$select work.create_artifact('report', 'x', p_tags => '1')$$), 'PT400 invalid_tags', 'tags of the wrong kind');
select is(pg_temp.refusal($$select work.create_artifact('report', 'x', p_extracted_fields => '[]')$$),
  'PT400 invalid_extracted_fields', 'extracted fields of the wrong kind');
select is(pg_temp.refusal($$select work.create_artifact('report', 'x', p_owner_item_id => repeat('é', 501))$$),
  'PT400 invalid_owner', 'an owner that no index holds');
select is(pg_temp.refusal($$select work.create_artifact('report', 'x', p_owner_item_id => repeat('😀', 500))$$),
  'accepted', 'the longest owner fits its index');
select is(pg_temp.refusal($$select work.create_artifact('report', 'x', p_preview_text => repeat('x', 262145))$$),
  'PT413 metadata_limit', 'a preview as large as content');
select is(pg_temp.refusal($$select work.create_artifact('report', repeat('x', 512000))$$), 'accepted', 'as large as the limit');
select is(pg_temp.refusal($$select work.create_artifact('report', repeat('é', 256001))$$), 'PT413 inline_limit', 'over the limit in bytes');

select is(pg_temp.refusal($$select work.create_artifact('report', 'nope', 'application/json')$$), 'PT400 invalid_json', 'not JSON');
select is(pg_temp.refusal($$select work.create_artifact('report', '', 'application/json')$$), 'PT400 invalid_json', 'empty is not JSON');
select is(pg_temp.refusal($$select work.create_artifact('report', repeat('[', 100000), 'application/json')$$), '54001 ', 'JSON that is nested too deep');
select work.create_artifact('json', '{"a":  1e400000}', 'application/vnd.x+json; charset=utf-8', '01ARZ3NDEKTSV4RRFFQ69G5FAA');
select work.create_artifact('json', '{"a":  "\u0000"}', 'application/json', '01ARZ3NDEKTSV4RRFFQ69G5FAB');
select work.create_artifact('json', '{"a":  1}', 'application/json', '01ARZ3NDEKTSV4RRFFQ69G5FAC');
select work.create_artifact('json', '{"a":  1}', 'text/plain', '01ARZ3NDEKTSV4RRFFQ69G5FAD');

select is(
  pg_temp.refusal('select work.create_artifact(p_type => ''report'', p_content => ''x'', p_expected_version => 3)'),
  'PT409 stale_version', 'a new artifact has no version that could be expected'
);

set local role pylayer_analyst;
select results_eq(
  $$select v.inline_content_text, v.is_json_opaque, v.inline_content_json from work.artifact_versions as v
    inner join work.artifacts as a using (artifact_id) where a.type = 'json' order by v.artifact_id$$,
  $$values ('{"a":  1e400000}', true, null::jsonb), ('{"a":  "\u0000"}', true, null),
    ('{"a":  1}', false, '{"a": 1}'), ('{"a":  1}', false, null)$$,
  'JSON keeps its exact text, and stands as a document where jsonb can hold it'
);
select is((select count(*) from work.artifacts as a where not exists (
  select from work.artifact_versions as v where v.artifact_id = a.artifact_id and v.version = a.latest_version
)), 0::bigint, 'refused calls leave nothing behind');

select * from finish();
