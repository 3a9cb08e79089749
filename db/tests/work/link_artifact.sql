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

select work.create_artifact('report', 'one', p_artifact_id => '01ARZ3NDEKTSV4RRFFQ69G5FAV');
select work.create_version('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'two');
set local role pylayer_agent;
select is((select row(l.*)::text from work.link_artifact('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'produced_by', p_run_id => 'run-1') as l),
  format('(%s,2,produced_by,,run-1,,,t)', '01ARZ3NDEKTSV4RRFFQ69G5FAV'), 'the latest version');
select is((select l.created from work.link_artifact('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'produced_by', 2, p_run_id => 'run-1') as l), false, 'a repeat');
select is((select l.created from work.link_artifact('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'produced_by', 1, p_run_id => 'run-1') as l), true, 'another version');
select is((select l.created from work.link_artifact('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'about', p_item_id => 'i', p_event_id => '01ARZ3NDEKTSV4RRFFQ69G5FAW', p_workflow_name => 'w') as l), true, 'several targets');
select is(pg_temp.refusal($$select work.link_artifact('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'about')$$), 'PT400 invalid_link', 'no target');
select is(pg_temp.refusal($$select work.link_artifact('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'about', p_item_id => repeat('x', 501))$$), 'PT400 invalid_link', 'a target too long');
select is(pg_temp.refusal($$select work.link_artifact('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'about', p_item_id => repeat('😀', 500), p_run_id => 'x')$$),
  'PT400 invalid_link', 'targets that no index holds');
select is(pg_temp.refusal($$select work.link_artifact('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'about', p_item_id => repeat('😀', 500), p_event_id => '01ARZ3NDEKTSV4RRFFQ69G5FAW')$$),
  'accepted', 'the longest targets fit their index');
select is(pg_temp.refusal($$select work.link_artifact('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'About', p_item_id => 'x')$$), 'PT400 invalid_link_type', 'what is no name');
select is(pg_temp.refusal($$select work.link_artifact('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'about', p_event_id => 'x')$$), 'PT400 invalid_event_id', 'what is no ULID');
select is(pg_temp.refusal($$select work.link_artifact('01ARZ3NDEKTSV4RRFFQ69G5FAW', 'about', p_item_id => 'x')$$), 'PT404 no_artifact', 'unknown artifact');
select is(pg_temp.refusal($$select work.link_artifact('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'about', 3, p_item_id => 'x')$$), 'PT404 no_version', 'unknown version');

select * from finish();
