select no_plan();
set local role pylayer_agent;
select work.enqueue_task('a', '{"x": 1}');

select results_eq(
  $$ select t.task_name, t.queue, t.priority, t.max_retries, t.timeout_seconds, t.status::text, t.input_data
     from work.list_tasks() as t $$,
  $$ values ('a', 'default', 5, 3, 300, 'ready', '{"x": 1}'::jsonb) $$, 'the defaults'
);
select is((select e.created from work.enqueue_task('a', p_unique_key => 'k') as e), true, 'a key');
select is((select e.created from work.enqueue_task('a', p_unique_key => 'k') as e), false, 'again');
select work.enqueue_task('later', p_delay_seconds => 9);
select is((select t.status::text from work.list_tasks(p_task_name => 'later') as t), 'scheduled', 'later');
select is(tap.outcome('select work.enqueue_task(null)'), 'PT400 invalid_task', 'no name');
select is(tap.outcome($$ select work.enqueue_task('a', p_priority => 10) $$), 'PT400 invalid_task', 'priority');
select is(tap.outcome($$ select work.enqueue_task('a', p_run_id => repeat('x', 501)) $$), 'PT400 invalid_task', 'a long id');
select is(tap.outcome($$ select work.enqueue_task('a', p_metadata => '[]') $$), 'PT400 invalid_task', 'metadata');
select is(tap.outcome($$ select work.enqueue_task('a', p_queue => 'X') $$), 'PT400 invalid_task', 'queue');
create temporary table toasted as select to_jsonb(repeat('x', 3000000)) as doc;
select ok(pg_column_size(doc) < 1000000, 'compressed') from toasted;
select is(tap.outcome($$ select work.enqueue_task('a', doc) from toasted $$), 'PT413 task_limit', 'too large, however it is stored');
select * from finish();
