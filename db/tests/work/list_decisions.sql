select no_plan();

select work.save_project('web');
select work.create_item('task', 'x', p_item_id => 'T');
select work.record_decision(format('D%s', n), 'x', 'T', p_decision_id => format('01ARZ3NDEKTSV4RRFFQ69G5FA%s', n)) from generate_series(1, 3) as n;
select work.record_decision('D4', 'x', p_project_id => 'web', p_supersedes_id => '01ARZ3NDEKTSV4RRFFQ69G5FA2');
set local role pylayer_agent;
create function pg_temp.titles(p_more text default '') returns text language plpgsql as $$
declare
  v_titles text;
begin
  execute format('select string_agg(d.title, '' '') from work.list_decisions(%s) as d', p_more) into v_titles;
  return v_titles;
end
$$;
select is(pg_temp.titles(), 'D4 D3 D2 D1', 'newest first');
select is(pg_temp.titles('p_item_id => ''T'''), 'D3 D2 D1', 'of an item');
select is(pg_temp.titles('p_project_id => ''web'''), 'D4', 'of a project');
select is(pg_temp.titles('p_holds => true'), 'D4 D3 D1', 'those that hold');
select is(pg_temp.titles('p_holds => null, p_limit => 2'), 'D4 D3', 'a page');
select is(pg_temp.titles('p_limit => 2, p_after => ''01ARZ3NDEKTSV4RRFFQ69G5FA3'''), 'D2 D1', 'the next');
select is(tap.outcome('select work.list_decisions(p_limit => 0)'), 'PT400 invalid_limit', 'no limit');
select is(tap.outcome('select work.list_decisions(p_after => ''none'')'), 'PT404 no_decision', 'a page after nothing');

set local role pylayer_analyst;
select is(tap.outcome($$select work.list_decisions()$$), 'accepted', 'pylayer_analyst may');
set local role pylayer_auditor;
select is(tap.outcome($$select work.list_decisions()$$), 'accepted', 'pylayer_auditor may');

select * from finish();
