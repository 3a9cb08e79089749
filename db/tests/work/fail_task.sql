select no_plan();
select work.set_queue('q', p_retry_base_seconds => 10, p_retry_max_seconds => 30);
set local role pylayer_agent;

-- Fails the only task of the queue; its status, and which wait it has.
create function pg_temp.failed(p_more text default '') returns text
language plpgsql volatile as $$
declare
  v_task record;
  v_status text;
  v_at timestamptz;
  v_begin timestamptz;
begin
  select * into v_task from work.claim_tasks('w', '{q}');
  v_begin := clock_timestamp();
  execute format('select f.status, f.scheduled_at from work.fail_task(%L, %L, %L %s) as f',
    v_task.execution_id, v_task.lease, 'boom', p_more) into v_status, v_at;
  return concat_ws(' ', v_status, case
    when v_at between v_begin + interval '5 s' and clock_timestamp() + interval '15 s' then 'first'
    when v_at between v_begin and clock_timestamp() then 'soon'
  end);
end
$$;
select work.enqueue_task('a', p_queue => 'q', p_max_retries => 1);
select matches(pg_temp.failed(', p_delay_seconds => 0'), '^scheduled soon$', 'a wait of its own');
select is((select error || retry_count from work.list_tasks(p_queue => 'q')), 'boom1', 'why, and how often');
select is((select due from work.sweep_tasks()), 1, 'its time has come');
select is(pg_temp.failed(), 'failed', 'no retry left: a dead letter');
select work.enqueue_task('b', p_queue => 'q');
select is(pg_temp.failed(), 'scheduled first', 'half to one and a half times the base');
select work.enqueue_task('c', p_queue => 'q');
select is(pg_temp.failed(', p_retry => false'), 'failed', 'not to be tried again');

select work.enqueue_task('d', p_queue => 'q');
create temporary table held on commit drop as select * from work.claim_tasks('w', '{q}');
select is(tap.outcome($$ select work.fail_task((select execution_id from held), gen_random_uuid(), 'x') $$), 'PT409 lease_lost', 'another token');
select is(tap.outcome($$ select work.fail_task('none', gen_random_uuid(), 'x') $$), 'PT404 no_task', 'no task');
select is(tap.outcome($$ select work.fail_task((select execution_id from held), (select lease from held), 'x', p_delay_seconds => -1) $$), 'PT400 invalid_delay', 'a wait');
select is((select status::text from held, work.fail_task(execution_id, lease, null)), 'scheduled', 'without a reason');
select is((select status::text from held, work.fail_task(execution_id, lease, 'y')), 'scheduled', 'a repeat');
select is((select t.retry_count from held, work.get_task(held.execution_id) as t), 1, 'counts once');
select * from finish();
