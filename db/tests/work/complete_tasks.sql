select no_plan();
set local role pylayer_agent;
select work.enqueue_tasks('[{"task_name": "a"}, {"task_name": "b"}, {"task_name": "c"}]');
create temporary table held on commit drop as select * from work.claim_tasks('w', p_n => 2);

select results_eq(
  $$ select outcome, task_name from work.complete_tasks((
       select jsonb_agg(jsonb_build_object('execution_id', execution_id, 'lease', lease, 'output_data', 7)) from held
     ), 'w', p_n => 5) $$,
  $$ values ('claimed', 'c') $$, 'completes and claims'
);
select results_eq(
  $$ select t.status::text, t.output_data, t.finished_at is not null, t.execution_time_ms >= 0 from held, work.get_task(held.execution_id) as t $$,
  $$ values ('completed', '7'::jsonb, true, true), ('completed', '7', true, true) $$, 'with output and times'
);
select is_empty(
  $$ select from work.complete_tasks((select jsonb_agg(jsonb_build_object('execution_id', execution_id, 'lease', lease)) from held)) $$, 'a repeat is fine'
);
select results_eq(
  $$ select outcome from work.complete_tasks((
       select jsonb_agg(jsonb_build_object('execution_id', execution_id, 'lease', gen_random_uuid())) from held
     ) || '[{"execution_id": "none", "lease": "00000000-0000-0000-0000-000000000000"}, {}]') $$,
  $$ values ('lease_lost'), ('lease_lost'), ('no_task'), ('no_task') $$, 'others are refused'
);
select is(tap.outcome('select work.complete_tasks(null)'), 'PT400 not_an_array', 'null');
select is(tap.outcome($$ select work.complete_tasks('[1]') $$), 'PT400 invalid_task', 'a number');
select is(tap.outcome($$ select work.complete_tasks('[null]') $$), 'PT400 invalid_task', 'no task');
select is(tap.outcome($$ select work.complete_tasks((select jsonb_agg(1) from generate_series(1, 1001))) $$), 'PT413 too_many_tasks', 'too many');
select is(tap.outcome(format($$ select work.complete_tasks('[{"output_data": "%s"}]') $$, repeat(md5('x'), 40000))), 'PT413 output_limit', 'too large');
select is(tap.outcome($$ select work.complete_tasks('[]', p_n => 1) $$), 'PT400 invalid_worker', 'a claim without a worker');
select is(tap.outcome($$ select work.complete_tasks('[]', 'w', p_n => -1) $$), 'PT400 invalid_limit', 'a claim of less than none');
select is(tap.outcome($$ select work.complete_tasks('[{"lease": "x"}]') $$), '22P02', 'no token');
select * from finish();
