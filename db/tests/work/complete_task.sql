select no_plan();
set local role pylayer_agent;
select work.enqueue_task('a');
create temporary table held on commit drop as select * from work.claim_tasks('w');

select is(tap.outcome($$ select work.complete_task((select execution_id from held), gen_random_uuid()) $$), 'PT409 lease_lost', 'another token');
select is(tap.outcome($$ select work.complete_task((select execution_id from held), null) $$), 'PT409 lease_lost', 'no token');
select is(tap.outcome($$ select work.complete_task('none', gen_random_uuid()) $$), 'PT404 no_task', 'no task');
select is(tap.outcome($$ select work.complete_task(null, null) $$), 'PT404 no_task', 'null');
select lives_ok($$ select work.complete_task(execution_id, lease, '{"ok": true}') from held $$, 'its own');
select lives_ok($$ select work.complete_task(execution_id, lease) from held $$, 'again');
select is((select t.output_data from held, work.get_task(held.execution_id) as t), '{"ok": true}', 'the first output stays');
select * from finish();
