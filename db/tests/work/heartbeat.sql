select no_plan();
set local role pylayer_agent;
select work.enqueue_task('a', p_timeout_seconds => 100);
create temporary table held on commit drop as select * from work.claim_tasks('w', p_lease_seconds => 5);

select ok((select work.heartbeat(execution_id, lease, 50) > lease_expires_at + interval '40 s' from held), 'longer');
select is((select work.heartbeat(execution_id, lease, 3600) - started_at from held), interval '100 s', 'never beyond the timeout');
select is(tap.outcome($$ select work.heartbeat((select execution_id from held), gen_random_uuid()) $$), 'PT409 lease_lost', 'another token');
select is(tap.outcome($$ select work.heartbeat('none', gen_random_uuid()) $$), 'PT404 no_task', 'no task');
select is(tap.outcome($$ select work.heartbeat('none', gen_random_uuid(), 0) $$), 'PT400 invalid_lease', 'no time');
select * from finish();
