select no_plan();

set local role pylayer_agent;
select ai.save_conversation('c');
select ai.save_conversation('empty');
select ai.append_messages('c', (select jsonb_agg(jsonb_build_object('role', 'user', 'content', n)) from unnest(array['a', 'b', 'c', 'd']) as n));
create function pg_temp.texts(p_limit integer, p_after bigint) returns text language sql as $$
  select string_agg(m.content, '') from ai.list_messages('c', p_limit, p_after) as m
$$;

select is((select string_agg(m.content, '') from ai.list_messages('c') as m), 'abcd', 'oldest first');
select is(pg_temp.texts(2, 0), 'ab', 'a page');
select is(pg_temp.texts(2, 2), 'cd', 'the next');
select is(pg_temp.texts(2, 4), null, 'no more');
select is(pg_temp.texts(2, null), 'ab', 'null is the beginning');
select is_empty($$select ai.list_messages('empty')$$, 'a conversation without messages');
select is(tap.outcome($$select ai.list_messages('c', 0)$$), 'PT400 invalid_limit', 'no rows');
select is(tap.outcome($$select ai.list_messages('c', 1001)$$), 'PT400 invalid_limit', 'too many rows');
select is(tap.outcome($$select ai.list_messages('x')$$), 'PT404 no_conversation', 'unknown');

select * from finish();
