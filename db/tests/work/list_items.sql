select no_plan();

insert into ai.agents (agent_id, name) values ('coder-1', 'Coder');
select work.save_project('web');
select work.create_item('task', 'x', '{"project_id": "web", "tags": ["a", "b"]}', format('T%s', n)) from generate_series(1, 5) as n;
select work.create_item('bug', 'x', p_item_id => 'B');
select work.transition_item('T1', 'in_progress');
select work.transition_item('T2', 'cancelled');
select work.assign_item('T3', p_agent_id => 'coder-1');
set local role pylayer_agent;
create function pg_temp.ids(p_more text default '') returns text language plpgsql as $$
declare
  v_ids text;
begin
  execute format('select string_agg(i.item_id, '' '') from work.list_items(%s) as i', p_more) into v_ids;
  return v_ids;
end
$$;
select is(pg_temp.ids(), 'B T5 T4 T3 T2 T1', 'newest first');
select is(pg_temp.ids('p_project_id => ''web'''), 'T5 T4 T3 T2 T1', 'of a project');
select is(pg_temp.ids('p_item_type => ''bug'''), 'B', 'of a type');
select is(pg_temp.ids('p_state => ''in_progress'''), 'T1', 'in a state');
select is(pg_temp.ids('p_open => true, p_project_id => ''web'''), 'T5 T4 T3 T1', 'open ones');
select is(pg_temp.ids('p_open => false'), 'T2', 'closed ones');
select is(pg_temp.ids('p_agent_id => ''coder-1'''), 'T3', 'of an agent');
select is(pg_temp.ids('p_user_id => ''01ARZ3NDEKTSV4RRFFQ69G5FAV'''), null, 'of a user');
select is(pg_temp.ids('p_tags => ''["b"]'', p_limit => 2'), 'T5 T4', 'by tag, a page');
select is(pg_temp.ids('p_limit => 2, p_after => ''T4'''), 'T3 T2', 'the next page');
select is(pg_temp.ids('p_after => ''T1'''), null, 'the last page is empty');
select is(tap.outcome('select work.list_items(p_limit => 0)'), 'PT400 invalid_limit', 'no limit');
select is(tap.outcome('select work.list_items(p_limit => 1001)'), 'PT400 invalid_limit', 'a large limit');
select is(tap.outcome('select work.list_items(p_after => ''none'')'), 'PT404 no_item', 'a page after nothing');

set local role pylayer_analyst;
select is(tap.outcome($$select work.list_items()$$), 'accepted', 'pylayer_analyst may');
set local role pylayer_auditor;
select is(tap.outcome($$select work.list_items()$$), 'accepted', 'pylayer_auditor may');

select * from finish();
