select no_plan();
set local role pylayer_agent;

-- The outcome with which one task is enqueued in a batch.
create function pg_temp.outcome(p_task text) returns text
language sql volatile as $$ select tap.outcome(format('select work.enqueue_tasks(jsonb_build_array(%L::jsonb))', p_task)) $$;
create function pg_temp.with(p_more text) returns text
language sql volatile as $$ select pg_temp.outcome(format('{"task_name": "a", %s}', p_more)) $$;

select results_eq(
  $$ select "position", created from work.enqueue_tasks('[{"task_name": "a"}, {"task_name": "b", "unique_key": "k"}, {"task_name": "c", "unique_key": "k"}]') $$,
  $$ values (1, true), (2, true), (3, false) $$, 'one row a task, in input order; a unique key once'
);
select is(
  (select e.execution_id from work.enqueue_tasks('[{"task_name": "z", "unique_key": "k"}]') as e),
  (select t.execution_id from work.list_tasks(p_task_name => 'b') as t), 'a known key is found'
);
select is((select count(*) from work.list_tasks()), 2::bigint, 'nothing else was made');
select is((select count(*) from work.enqueue_tasks('[]')), 0::bigint, 'an empty batch');
select work.enqueue_tasks('[{"task_name": "later", "delay_seconds": 60}, {"task_name": "x", "concurrency_key": "q"}, {"task_name": "y", "concurrency_key": "q"}]');
select results_eq(
  $$ select task_name, status::text from work.list_tasks() where task_name in ('later', 'x', 'y') order by 1 $$,
  $$ values ('later', 'scheduled'), ('x', 'ready'), ('y', 'blocked') $$, 'a delay; one of a key at once'
);
select is(pg_temp.with('"queue": "brand-new"'), 'accepted', 'a queue is made');
select isnt_empty($$ select from work.list_queues() where queue = 'brand-new' $$, 'and is there');

select is(tap.outcome('select work.enqueue_tasks(null)'), 'PT400 not_an_array', 'null');
select is(tap.outcome($$ select work.enqueue_tasks('{}') $$), 'PT400 not_an_array', 'an object');
select is(tap.outcome($$ select work.enqueue_tasks((select jsonb_agg(1) from generate_series(1, 10001))) $$), 'PT413 too_many_tasks', 'too many');
select is(pg_temp.outcome('1'), 'PT400 invalid_task', 'a number');
select is(pg_temp.outcome('null'), 'PT400 invalid_task', 'no task');
select is(pg_temp.outcome('{}'), 'PT400 invalid_task', 'no name');
select is(pg_temp.outcome('{"task_name": ""}'), 'PT400 invalid_task', 'an empty name');
select is(pg_temp.with('"queue": null, "priority": null, "metadata": null'), 'accepted', 'nothing said');
select is(pg_temp.with('"priority": null, "priorty": 1'), 'PT400 invalid_task', 'an unknown key for one that says nothing');
select is(pg_temp.with('"priorty": 1'), 'PT400 invalid_task', 'an unknown key');
select is(pg_temp.with('"priority": 10'), 'PT400 invalid_task', 'priority');
select is(pg_temp.with('"priority": "x"'), '22P02', 'no number');
select is(pg_temp.with('"queue": "Bad Queue"'), 'PT400 invalid_task', 'queue');
select is(pg_temp.with('"max_retries": -1'), 'PT400 invalid_task', 'max_retries');
select is(pg_temp.with('"timeout_seconds": 0'), 'PT400 invalid_task', 'timeout_seconds');
select is(pg_temp.with('"delay_seconds": -1'), 'PT400 invalid_task', 'delay');
select is(pg_temp.with('"delay_seconds": 1, "scheduled_at": "2030-01-01T00:00:00Z"'), 'PT400 invalid_task', 'both times');
select is(pg_temp.with('"scheduled_at": "infinity"'), 'PT400 invalid_task', 'never');
select is(pg_temp.with('"metadata": []'), 'PT400 invalid_task', 'metadata');
select is(pg_temp.with('"unique_key": ""'), 'PT400 invalid_task', 'an empty key');
select is(pg_temp.with(format('"run_id": "%s"', repeat('x', 501))), 'PT400 invalid_task', 'a long id');
select is(pg_temp.with(format('"input_data": "%s"', repeat(md5('x'), 40000))), 'PT413 task_limit', 'too large');
select is(
  tap.outcome($$ select work.enqueue_tasks('[{"task_name": "good"}, {"task_name": ""}]') $$), 'PT400 invalid_task', 'one bad, none stored'
);
select is_empty($$ select from work.list_tasks(p_task_name => 'good') $$, 'none of it');
select * from finish();
