select no_plan();

set local role pylayer_agent;
select is(
  (select (i.item_id, i.item_type, i.title, i.priority, i.state, i.state_seq, i.version, i.created_by, i.run_id, i.depends_on)::text
   from work.create_item('story', 'Sign in', p_item_id => 'INFR-001', p_actor => 'ada', p_run_id => 'run-1') as i),
  '(INFR-001,story,"Sign in",2,backlog,1,1,ada,run-1,{})', 'the first state of its type'
);
select is((select count(*) from work.create_item('story', 'Sign in', p_item_id => 'INFR-001')), 1::bigint, 'safe to repeat');
select ok(i.item_id ~ '^[0-9A-HJKMNP-TV-Z]{26}$' and i.created_by = session_user, 'a ULID, by the login') from work.create_item('task', 'x') as i;
select is((select i.state from work.create_item('pull_request', 'x', p_state => 'open') as i), 'open', 'another initial state');
select is(
  (select (i.description, i.priority, i.tags, i.metadata, i.ai_analysis, i.ai_suggestions, i.github_repository, i.github_number, i.github_node_id, i.github_url)::text
   from work.create_item('issue', 'x', '{"description": "d", "priority": 0, "tags": ["a"], "metadata": {"k": 1}, "ai_analysis": {"a": 1},
     "ai_suggestions": [1], "github_repository": "o/n", "github_number": 7, "github_node_id": "N7", "github_url": "https://x/7"}') as i),
  '(d,0,"[""a""]","{""k"": 1}","{""a"": 1}",[1],o/n,7,N7,https://x/7)', 'all fields'
);
reset role;
select results_eq(
  $$select t.seq, t.from_state, t.to_state, t.actor, t.time_in_state_seconds from work.item_transitions as t where t.item_id = 'INFR-001'$$,
  $$values (1, null::text collate "C", 'backlog'::text collate "C", 'ada', null::double precision)$$, 'a first row of its history'
);
select is(
  (select array_agg(e.payload) from telemetry.workflow_events as e where e.item_id = 'INFR-001' and e.run_id = 'run-1'),
  array['{"item_type": "story", "from_state": null, "to_state": "backlog", "actor": "ada"}'::jsonb], 'one event, whatever is repeated'
);
set local role pylayer_agent;

create function pg_temp.made(p_more text default '', p_type text default 'task', p_title text default 'x', p_fields text default '{}') returns text
language sql volatile as $$
  select tap.outcome(format('select work.create_item(%L, %L, %L %s)', p_type, p_title, p_fields, p_more))
$$;
select is(pg_temp.made(p_type => null), 'PT400 invalid_item_type', 'no type');
select is(pg_temp.made(p_type => 'poem'), 'PT400 invalid_item_type', 'an unknown type');
select is(pg_temp.made(p_type => 'poem', p_more => ', p_state => ''backlog'''), 'PT400 invalid_item_type', 'whatever its state');
select is(pg_temp.made(p_title => null), 'PT400 invalid_field', 'no title');
select is(pg_temp.made(p_title => ' '), 'PT400 invalid_field', 'a blank title');
select is(pg_temp.made(p_title => repeat('x', 501)), 'PT400 invalid_field', 'a long title');
select is(pg_temp.made(p_fields => '[]'), 'PT400 invalid_fields', 'fields that are none');
select is(pg_temp.made(p_fields => '{"state": "done"}'), 'PT400 unknown_field', 'the state is no field');
select is(pg_temp.made(p_fields => '{"priority": 5}'), 'PT400 invalid_field', 'a priority that is none');
select is(pg_temp.made(p_fields => '{"priority": 1.5}'), 'PT400 invalid_field', 'half a priority');
select is(pg_temp.made(p_fields => '{"priority": "1"}'), 'PT400 invalid_field', 'a priority as text');
select is(pg_temp.made(p_fields => '{"priority": null}'), 'PT400 invalid_field', 'a priority cannot be cleared');
select is(pg_temp.made(p_fields => '{"tags": "a"}'), 'PT400 invalid_field', 'a tag that is text');
select is(pg_temp.made(p_fields => '{"github_number": 0}'), 'PT400 invalid_field', 'a number that is none');
select is(pg_temp.made(p_fields => '{"github_url": ""}'), 'PT400 invalid_field', 'an empty text');
select is(pg_temp.made(p_fields => '{"project_id": "none"}'), 'PT404 no_project', 'an unknown project');
select is(
  pg_temp.made(p_fields => jsonb_build_object('description', repeat('x', 262145))::text), 'PT413 field_limit', 'a description that is too large'
);
select is(pg_temp.made(p_fields => jsonb_build_object('description', repeat('word ', 52000))::text), 'accepted', 'one that is not');
select is(pg_temp.made(', p_state => ''done'''), 'PT409 illegal_initial_state', 'a state that no item begins in');
select is(pg_temp.made(', p_state => ''unheard'''), 'PT409 illegal_initial_state', 'a state that there is not');
select is(pg_temp.made(', p_item_id => '''''), 'PT400 invalid_item_id', 'an empty id');
select is(pg_temp.made(', p_item_id => '' a'''), 'PT400 invalid_item_id', 'a blank before the id');
select is(pg_temp.made(', p_item_id => e''a\nb'''), 'PT400 invalid_item_id', 'a line end in the id');
select is(pg_temp.made(', p_item_id => repeat(''x'', 201)'), 'PT400 invalid_item_id', 'a long id');
select is(pg_temp.made(', p_item_id => ''INFR-001'''), 'PT409 item_exists', 'the id of another item');
select is(pg_temp.made(', p_actor => '''''), 'PT400 invalid_context', 'an empty actor');
select is(pg_temp.made(', p_run_id => repeat(''x'', 501)'), 'PT400 invalid_context', 'a long run');
select is(pg_temp.made(p_fields => '{"github_repository": "o/n", "github_number": 7}'), 'PT409 item_exists', 'the place of another on GitHub');

set local role pylayer_analyst;
select is(tap.outcome($$select work.create_item('task', 'x')$$), '42501', 'pylayer_analyst may not');
set local role pylayer_auditor;
select is(tap.outcome($$select work.create_item('task', 'x')$$), '42501', 'pylayer_auditor may not');

select * from finish();
