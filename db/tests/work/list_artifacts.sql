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

select work.create_artifact(
  'kind.' || i % 100, 'content ' || i, p_artifact_id => core.new_ulid(), p_owner_item_id => 'item-' || i % 1000,
  p_owner_run_id => 'run-' || i % 1000, p_project_id => 'project-' || i % 1000, p_tags => jsonb_build_object('n', i % 500)
)
from generate_series(1, 2000) as i;
select work.create_version(artifact_id, 'newer') from work.artifacts where owner_item_id = 'item-7' and type = 'kind.7';
select b.version from work.begin_upload(5, repeat('a', 64), 'text/plain', 'kind.7', '01ARZ3NDEKTSV4RRFFQ69G5FAV') as b;
analyze work.artifacts, work.artifact_versions;
create function pg_temp.scans() returns bigint language sql volatile as $$
  select pg_stat_get_xact_numscans('work.artifacts'::regclass) + pg_stat_get_xact_numscans('work.artifact_versions'::regclass)
$$;
create temporary table before as select pg_temp.scans() as scans;

select is((select count(*) from work.list_artifacts()), 100::bigint, 'a page of 100 by default');
select is((select count(*) from work.list_artifacts(p_type => 'kind.7')), 20::bigint, 'by type; the one without a version is not there');
select is((select string_agg(l.version::text, ' ') from work.list_artifacts(p_owner_item_id => 'item-7') as l), '2 2', 'by item, latest version');
select is((select count(*) from work.list_artifacts(p_owner_run_id => 'run-7')), 2::bigint, 'by run');
select is((select count(*) from work.list_artifacts(p_project_id => 'project-7')), 2::bigint, 'by project');
select is((select count(*) from work.list_artifacts(p_tags => '{"n": 7}')), 4::bigint, 'by tags');
select is((select count(*) from work.list_artifacts(p_tags => '{"n": 7}', p_owner_run_id => 'run-507')), 2::bigint, 'by both');
select is(pg_temp.scans(), (select scans from before), 'every filter uses an index');

create temporary table page as
with recursive page as (
  select array_agg(l.artifact_id) as ids from work.list_artifacts(p_type => 'kind.7', p_limit => 7) as l
  union all
  select (select array_agg(l.artifact_id) from work.list_artifacts(
    p_type => 'kind.7', p_limit => 7, p_after => p.ids[cardinality(p.ids)]) as l)
  from page as p where p.ids is not null
)
select u.id, row_number() over () as position from page as p, unnest(p.ids) as u (id);
select results_eq(
  'select id from page order by position',
  $$select artifact_id::text collate "default" from work.artifacts where type = 'kind.7' and latest_version > 0 order by created_at desc, artifact_id desc$$,
  'pages put together are all, newest first'
);
select is(pg_temp.refusal('select work.list_artifacts(p_limit => 0)'), 'PT400 invalid_limit', 'a limit of none');
select is(pg_temp.refusal('select work.list_artifacts(p_limit => 1001)'), 'PT400 invalid_limit', 'a limit over the greatest');
select is(pg_temp.refusal($$select work.list_artifacts(p_after => '01ARZ3NDEKTSV4RRFFQ69G5FAW')$$), 'PT404 no_artifact', 'after an unknown one');
set local role pylayer_agent;
select is((select count(*) from work.list_artifacts(p_type => 'kind.7', p_limit => 3)), 3::bigint, 'an agent may');

select * from finish();
