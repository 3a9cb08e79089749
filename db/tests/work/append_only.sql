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

select work.create_artifact('report', '{"a": 1}', 'application/json', '01ARZ3NDEKTSV4RRFFQ69G5FAV', p_extracted_fields => '{"k": 1}');
create temporary table up as select * from work.begin_upload(5, repeat('a', 64), 'text/plain', 'report', '01ARZ3NDEKTSV4RRFFQ69G5FAV');
select work.commit_upload(upload_id) from up;
select work.create_version('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'three', 'text/plain');
select work.delete_blob('01ARZ3NDEKTSV4RRFFQ69G5FAV', 2, 'test');
grant select on up to public;
set local client_min_messages = warning;
create temporary table attempt (statement text);
insert into attempt values
  ('update work.artifact_versions set preview_text = ''x'''),
  ('update work.artifact_versions set inline_content_text = ''x'', size_bytes = 1 where version = 3'),
  ('update work.artifact_versions set is_kb_ingested = false'),
  ('update work.artifact_versions set is_kb_ingested = true, preview_text = ''x'''),
  ('update work.artifact_versions set is_kb_ingested = true, extracted_fields = ''{"k": 1.0}'' where version = 1'),
  ('delete from work.artifact_versions'),
  ('truncate work.artifact_versions'),
  ('truncate work.artifact_versions cascade'),
  ('delete from work.artifacts'),
  ('truncate work.artifacts cascade'),
  ('update work.artifacts set latest_version = 1'),
  ('update work.artifacts set type = ''other'''),
  ('update work.artifact_tombstones set reason = ''other'''),
  ('update work.artifact_tombstones set reason = ''other'', object_deleted_at = now()'),
  ('delete from work.artifact_tombstones'),
  ('truncate work.artifact_tombstones');
grant select on attempt to public;
create function pg_temp.outcomes() returns table (statement text, outcome text) language sql volatile as $$
  select a.statement, pg_temp.refusal(a.statement) from attempt as a
$$;

select is_empty($$select * from pg_temp.outcomes() where outcome <> 'PT403 append_only'
  and (statement, outcome) <> ('truncate work.artifact_versions', '0A000 ')$$, 'a superuser');
set local role pylayer_owner;
select is_empty($$select * from pg_temp.outcomes() where outcome <> 'PT403 append_only'
  and (statement, outcome) <> ('truncate work.artifact_versions', '0A000 ')$$, 'the owner');
reset role;
set local session_replication_role = replica;
select is_empty($$select * from pg_temp.outcomes() where outcome <> 'PT403 append_only'
  and (statement, outcome) <> ('truncate work.artifact_versions', '0A000 ')$$, 'a superuser as replica');
set local session_replication_role = origin;

do $$
declare
  v_role text;
begin
  foreach v_role in array array['pylayer_admin', 'pylayer_agent', 'pylayer_analyst', 'pylayer_auditor'] loop
    execute format('set local role %I', v_role);
    if exists (select from pg_temp.outcomes() as o where o.outcome <> '42501 ') then
      raise exception '% may do what it should not', v_role;
    end if;
    reset role;
  end loop;
end
$$;
select pass('every other role lacks the right');

select lives_ok('update work.artifact_versions set is_kb_ingested = true', 'the one change that is allowed');
select is(pg_temp.refusal('update work.artifact_versions set is_kb_ingested = true'), 'PT403 append_only', 'once');
select is(
  (select string_agg(coalesce(v.inline_content_json::text, '-'), ' ' order by v.version) from work.artifact_versions as v),
  '{"a": 1} - -', 'it keeps the document'
);

select * from finish();
