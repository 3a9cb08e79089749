select no_plan();

select work.start_execution('w', p_run_id => 'a', p_tags => '["t", "u"]');
select pg_sleep(0.001);
select work.start_execution('v', p_run_id => 'b', p_parent_run_id => 'a');
select pg_sleep(0.001);
select work.start_execution('w', p_run_id => 'c', p_project_id => 'p');
select work.claim_execution('c', 'me');
create function pg_temp.ids(p_where text) returns text language plpgsql as $$
declare
  v_found text;
begin
  execute format('select string_agg(e.run_id, '' '') from work.list_executions(%s) as e', p_where) into v_found;
  return v_found;
end
$$;
set local role pylayer_agent;
select is(pg_temp.ids(v.filter), v.ids, v.filter) from (values
  ('', 'c b a'), ('''running''', 'c'), ('p_workflow_id => ''w''', 'c a'), ('p_parent_run_id => ''a''', 'b'), ('p_project_id => ''p''', 'c'),
  ('p_tags => ''["t"]''', 'a'), ('p_limit => 2', 'c b'), ('p_after => ''b''', 'a'), ('p_status => ''x''', null)
) as v (filter, ids);
select is(tap.outcome('select work.list_executions(p_limit => 0)'), 'PT400 invalid_limit', 'no limit');
select is(tap.outcome('select work.list_executions(p_after => ''none'')'), 'PT404 no_run', 'no such run');

select * from finish();
