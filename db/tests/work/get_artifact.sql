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

select work.create_artifact('report', 'one', 'text/markdown', '01ARZ3NDEKTSV4RRFFQ69G5FAV', p_preview_text => 'p', p_extracted_fields => '{"k": 1}',
  p_tags => '["t"]', p_owner_item_id => 'item', p_owner_run_id => 'run', p_project_id => 'project');
select work.create_version('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'two!');
set local role pylayer_agent;
select is(
  (select row(g.version, g.type, g.mime_type, g.size_bytes, g.storage_backend, g.storage_key, g.preview_text, g.extracted_fields,
    g.is_kb_ingested, g.latest_version, g.tags, g.owner_item_id, g.owner_run_id, g.project_id, g.deleted)::text
    from work.get_artifact('01ARZ3NDEKTSV4RRFFQ69G5FAV', 1) as g),
  '(1,report,text/markdown,3,inline,,p,"{""k"": 1}",f,2,"[""t""]",item,run,project,f)', 'a version with its artifact'
);
select is((select (g.version, g.size_bytes)::text from work.get_artifact('01ARZ3NDEKTSV4RRFFQ69G5FAV') as g), '(2,4)', 'the latest by default');
select is(pg_temp.refusal($$select work.get_artifact('01ARZ3NDEKTSV4RRFFQ69G5FAW')$$), 'PT404 no_artifact', 'unknown artifact');
select is(pg_temp.refusal($$select work.get_artifact('01ARZ3NDEKTSV4RRFFQ69G5FAV', 3)$$), 'PT404 no_version', 'unknown version');
select is(pg_temp.refusal($$select work.get_artifact('x')$$), 'PT400 invalid_artifact_id', 'what is no ULID');
select is(pg_temp.refusal($$select work.get_artifact(null)$$), 'PT400 invalid_artifact_id', 'null');

select * from finish();
