select no_plan();

set local role pylayer_agent;
select work.save_project('web');
select work.create_item('story', 'Sign in', p_item_id => 'S');
select work.create_item('task', 'Other', '{"github_node_id": "N"}', p_item_id => 'T');
create function pg_temp.edited(p_changes text, p_more text default '', p_item text default 'S') returns text
language sql volatile as $$select tap.outcome(format('select work.update_item(%L, %L %s)', p_item, p_changes, p_more))$$;

select is(
  (select (i.title, i.description, i.priority, i.project_id, i.tags, i.version)::text
   from work.update_item('S', '{"title": "Log in", "description": "d", "priority": 1, "project_id": "web", "tags": {"a": 1}}', 1) as i),
  '("Log in",d,1,web,"{""a"": 1}",2)', 'fields that are given'
);
select is((select (i.version, i.description)::text from work.update_item('S', '{"title": "Log in"}') as i), '(2,d)', 'what changes nothing is no edit');
select is(
  (select (i.version, i.description, i.tags)::text from work.update_item('S', '{"description": null, "tags": null}') as i), '(3,,)', 'null clears'
);
select is(pg_temp.edited('{"priority": 1}', ', 2'), 'PT409 stale_version', 'an older version');
select is(pg_temp.edited('{"priority": 1}', '', 'none'), 'PT404 no_item', 'no such item');
select is(pg_temp.edited('{"title": null}'), 'PT400 invalid_field', 'a title cannot be cleared');
select is(pg_temp.edited('{"state": "done"}'), 'PT400 unknown_field', 'the state is no field');
select is(pg_temp.edited('{"item_id": "X"}'), 'PT400 unknown_field', 'nor is the id');
select is(tap.outcome('select work.update_item(''S'', null)'), 'PT400 invalid_fields', 'no changes');
select is(pg_temp.edited('{"project_id": "none"}'), 'PT404 no_project', 'an unknown project');
select is(pg_temp.edited('{"github_node_id": "N"}'), 'PT409 github_taken', 'the place of another on GitHub');
select is(pg_temp.edited('{"priority": 1}', ', p_actor => '''''), 'PT400 invalid_context', 'an empty actor');
select is(pg_temp.edited('{"priority": 1}', ', p_change_type => '''''), 'PT400 invalid_change', 'an empty kind');
select is(pg_temp.edited('{"priority": 1}', ', p_cause_stage => repeat(''x'', 101)'), 'PT400 invalid_change', 'a long stage');

-- Events of edits of what was agreed.
reset role;
create function pg_temp.changes() returns table (payload jsonb) language sql as $$
  select e.payload from telemetry.workflow_events as e where e.event_name = 'workflow.story_changed' order by e.recorded_at, e.event_id
$$;
select is_empty('select * from pg_temp.changes()', 'none before it is ready');
select work.transition_item('S', 'refining');
select work.transition_item('S', 'ready');
select work.update_item('S', '{"priority": 0}');
select is_empty('select * from pg_temp.changes()', 'a priority is not the content');
select work.update_item('S', '{"title": "Sign in", "description": "new"}', p_actor => 'ada', p_run_id => 'r', p_agent_role => 'planner');
select results_eq(
  'select * from pg_temp.changes()',
  $$values ('{"change_type": "description,title", "cause_stage": "ready", "post_ready": true, "actor": "ada"}'::jsonb)$$, 'what changed, in which state'
);
select is(
  (select (e.item_id, e.project_id, e.run_id, e.agent_role)::text from telemetry.workflow_events as e where e.event_name = 'workflow.story_changed'),
  '(S,web,r,planner)', 'where it comes from'
);
select work.transition_item('S', 'in_progress');
select work.update_item('S', '{"title": "Sign up"}', p_actor => 'ada', p_change_type => 'scope', p_cause_stage => 'in_qa', p_summary => 'more');
select results_eq(
  'select * from pg_temp.changes() offset 1',
  $$values ('{"change_type": "scope", "cause_stage": "in_qa", "post_ready": true, "actor": "ada", "summary": "more"}'::jsonb)$$, 'as the caller says'
);
select work.transition_item('T', 'ready');
select work.update_item('T', '{"title": "Another"}');
select is((select count(*) from pg_temp.changes()), 2::bigint, 'a task agrees on nothing');

set local role pylayer_analyst;
select is(tap.outcome($$select work.update_item('S', '{}')$$), '42501', 'pylayer_analyst may not');
set local role pylayer_auditor;
select is(tap.outcome($$select work.update_item('S', '{}')$$), '42501', 'pylayer_auditor may not');

select * from finish();
