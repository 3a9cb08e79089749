select no_plan();

set local role pylayer_agent;
select ai.save_conversation('c' || n, jsonb_build_object(
  'agent_id', 'a' || n % 2, 'run_id', 'r' || n % 3, 'project_id', 'p' || n, 'tags', jsonb_build_object('n', n)
)) from generate_series(1, 5) as n;
create function pg_temp.listed(p_sql text) returns text language plpgsql as $$
declare
  v_ids text;
begin
  execute 'select string_agg(c.instance_id, '','') from ai.list_conversations(' || p_sql || ') as c' into v_ids;
  return v_ids;
end
$$;

select is(pg_temp.listed(''), 'c5,c4,c3,c2,c1', 'newest first');
select is(pg_temp.listed($$p_agent_id => 'a1'$$), 'c5,c3,c1', 'of an agent');
select is(pg_temp.listed($$p_run_id => 'r2'$$), 'c5,c2', 'of a run');
select is(pg_temp.listed($$p_project_id => 'p4'$$), 'c4', 'of a project');
select is(pg_temp.listed($$p_tags => '{"n": 3}'$$), 'c3', 'by tags');
select is(pg_temp.listed('p_limit => 2'), 'c5,c4', 'a page');
select is(pg_temp.listed($$p_limit => 2, p_after => 'c4'$$), 'c3,c2', 'the next one');
select is(pg_temp.listed($$p_limit => 2, p_after => 'c2'$$), 'c1', 'the last one');
select is(pg_temp.listed($$p_agent_id => 'nobody'$$), null, 'none');
select is(tap.outcome('select ai.list_conversations(p_limit => 0)'), 'PT400 invalid_limit', 'no rows');
select is(tap.outcome('select ai.list_conversations(p_limit => 1001)'), 'PT400 invalid_limit', 'too many rows');
select is(tap.outcome('select ai.list_conversations(p_limit => null)'), 'PT400 invalid_limit', 'a null limit');
select is(tap.outcome($$select ai.list_conversations(p_after => 'x')$$), 'PT404 no_conversation', 'after one that is none');

select * from finish();
