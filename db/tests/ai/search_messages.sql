select no_plan();

set local role pylayer_agent;
select ai.save_conversation('c', '{"agent_id": "a", "project_id": "p"}');
select ai.save_conversation('d', '{"agent_id": "b"}');
select ai.append_messages('c', '[
  {"role": "user", "content": "The migration fails on Postgres"},
  {"role": "assistant", "content": "Which migrations are failing?"},
  {"role": "user", "content": "All of them"}
]');
select ai.append_message('d', 'user', 'Postgres is fine');
create function pg_temp.found(p_arguments text) returns text language plpgsql as $$
declare
  v_found text;
begin
  execute 'select string_agg(m.instance_id || m.position, '','') from ai.search_messages(' || p_arguments || ') as m' into v_found;
  return v_found;
end
$$;

select is(pg_temp.found($$'migration'$$), 'c2,c1', 'stems, newest first');
select is(pg_temp.found($$'POSTGRES'$$), 'd1,c1', 'any case');
select is(pg_temp.found($$'migration postgres'$$), 'c1', 'all words');
select is(pg_temp.found($$'"migrations are failing"'$$), 'c2', 'a phrase');
select is(pg_temp.found($$'postgres -fine'$$), 'c1', 'without a word');
select is(pg_temp.found($$'which or fine'$$), 'd1', 'one of two, of which one is no word to search');
select is(pg_temp.found($$'unheard'$$), null, 'none');
select is(pg_temp.found($$'postgres', p_instance_id => 'c'$$), 'c1', 'in a conversation');
select is(pg_temp.found($$'postgres', p_agent_id => 'b'$$), 'd1', 'of an agent');
select is(pg_temp.found($$'postgres', p_project_id => 'p'$$), 'c1', 'of a project');
select is(pg_temp.found($$'migration', p_limit => 1$$), 'c2', 'a page');
select is(pg_temp.found($$'migration', p_limit => 1, p_after_instance_id => 'c', p_after_position => 2$$), 'c1', 'the next');
select is(pg_temp.found($$'migration', p_after_instance_id => 'c', p_after_position => 1$$), null, 'no more');
select is(pg_temp.found($$'!!! postgres & | :* '' )('$$), 'd1,c1', 'whatever is typed is a query');

select is(tap.outcome(format('select ai.search_messages(%L)', v.query)), 'PT400 invalid_query', coalesce(v.query, 'null'))
from (values (null), (''), ('the and of'), ('-postgres'), ('()')) as v (query);
select is(tap.outcome($$select ai.search_messages('x', p_limit => 1001)$$), 'PT400 invalid_limit', 'too many rows');
select is(tap.outcome($$select ai.search_messages('x', p_after_instance_id => 'c', p_after_position => 9)$$), 'PT404 no_message', 'unknown');
select is(tap.outcome($$select ai.search_messages('x', p_after_instance_id => 'c')$$), 'PT404 no_message', 'half a cursor');
select is(tap.outcome($$select ai.search_messages('x', p_after_position => 1)$$), 'PT404 no_message', 'the other half');

select * from finish();
