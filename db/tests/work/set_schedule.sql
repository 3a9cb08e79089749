select no_plan();
set local role pylayer_admin;
create function pg_temp.outcome(p_name text, p_cron text default '* * * * *', p_task text default '{"task_name": "a"}', p_next text default '2030-01-01Z') returns text
language sql volatile as $$ select tap.outcome(format('select work.set_schedule(%L, %L, %L, %L)', p_name, p_cron, p_task, p_next)) $$;
select is((select s.next_at from work.set_schedule('s', '0 3 * * *', '{"task_name": "a"}', '2030-01-01Z') as s), '2030-01-01Z'::timestamptz, 'made');
select is((select s.next_at from work.set_schedule('s', '0 3 * * *', '{"task_name": "b"}', '2031-01-01Z') as s), '2030-01-01Z'::timestamptz, 'the same times');
select is((select s.next_at from work.set_schedule('s', '0 4 * * *', '{"task_name": "b"}', '2031-01-01Z') as s), '2031-01-01Z'::timestamptz, 'others');
select is(pg_temp.outcome('S'), 'PT400 invalid_schedule', 'a name');
select is(pg_temp.outcome(null), 'PT400 invalid_schedule', 'no name');
select is(pg_temp.outcome('s', ''), 'PT400 invalid_schedule', 'no times');
select is(pg_temp.outcome('s', p_next => 'infinity'), 'PT400 invalid_schedule', 'never');
select is(pg_temp.outcome('s', p_task => '{"task_name": "a", "unique_key": "k"}'), 'PT400 invalid_schedule', 'a key of its own');
select is(pg_temp.outcome('s', p_task => '{}'), 'PT400 invalid_task', 'no task');
set local role pylayer_agent;
select is(pg_temp.outcome('s'), '42501', 'not by agents');
select * from finish();
