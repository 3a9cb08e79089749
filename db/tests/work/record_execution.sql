select no_plan();

create function pg_temp.driver(p_number integer) returns text language sql as $$
  select 'me:' || core.new_ulid(clock_timestamp() + p_number * interval '1 second')
$$;
create temporary table drivers as select n, pg_temp.driver(n) as name from generate_series(1, 3) as n;
grant select on drivers to pylayer_agent;
create function pg_temp.name(p_number integer) returns text language sql as $$select name from drivers where n = p_number$$;
create function pg_temp.attempt(p_span text, p_step text, p_outcome text, p_second integer default 0) returns jsonb language sql as $$
  select jsonb_build_array(jsonb_build_object(
    'span_id', p_span, 'name', p_step, 'kind', 'agent', 'step_name', p_step, 'outcome', p_outcome,
    'started_at', timestamptz '2026-01-31 00:00:00+00' + p_second * interval '1 s', 'ended_at', timestamptz '2026-01-31 00:00:01+00' + p_second * interval '1 s'
  ))
$$;
create function pg_temp.steps(p_run text) returns text language sql as $$
  select string_agg(concat_ws(' ', step_name, status, tries), ', ' order by step_name) from work.step_executions where run_id = p_run
$$;

set local role pylayer_agent;
select is(work.record_execution('r', pg_temp.name(1), 'w', p_inputs => '{"a": 1}', p_metadata => '{"thread_id": "t"}'), true, 'starts');
select is(
  (select concat_ws(' ', e.status, e.attempt, e.inputs, e.worker = pg_temp.name(1), e.deadline > clock_timestamp(), e.due_at is null) from work.get_execution('r') as e),
  'running 1 {"a": 1} t t t', 'runs from the start, due to nobody'
);
select is((select count(*) from work.due_executions()), 0::bigint, 'no worker takes it');
select is(work.record_execution('r', pg_temp.name(1), p_spans => pg_temp.attempt('a', 's', 'failed') || pg_temp.attempt('b', 's', 'completed', 1)), true, 'attempts');
select is(work.record_execution('r', pg_temp.name(1), p_spans => pg_temp.attempt('a', 's', 'failed') || pg_temp.attempt('c', 't', 'waiting', 2)), true, 'each once');
reset role;
select is(pg_temp.steps('r'), 's completed 2, t waiting 1', 'tries');
set local role pylayer_agent;
select is(work.record_execution('r', pg_temp.name(1), p_status => 'waiting'), true, 'waits');
select is(work.record_execution('r', pg_temp.name(1), 'w', p_status => 'waiting'), true, 'a repeat changes nothing');
select is(work.record_execution('r', pg_temp.name(3), 'w'), true, 'resumed by the next one');
select is(work.record_execution('r', pg_temp.name(2), 'w', p_status => 'failed'), false, 'not by an earlier one that comes late');
select is(work.record_execution('r', pg_temp.name(3), p_spans => pg_temp.attempt('d', 't', 'completed', 3), p_status => 'completed', p_outputs => '1'), true, 'completes');
select is(work.record_execution('r', pg_temp.name(3), p_spans => pg_temp.attempt('e', 'u', 'completed'), p_status => 'failed'), true, 'the first end stays');
select is((select concat_ws(' ', e.status, e.attempt, e.outputs, e.completed_steps, e.error_count) from work.get_execution('r') as e), 'completed 2 1 2 1', 'as it ended');
reset role;
select is(pg_temp.steps('r'), 's completed 2, t completed 1, u completed 1', 'what went on in a wait is the same try');
select is(tap.states('r'), 'running waiting running completed', 'one event each');
set local role pylayer_agent;

select is(work.record_execution('late', pg_temp.name(1), 'w', p_started_at => clock_timestamp() - interval '1 hour', p_status => 'failed', p_status_at => clock_timestamp() - interval '50 minutes', p_error => 'x', p_reason => 'y'), true, 'in one call, later');
select is((select concat_ws(' ', e.created_at = e.started_at, extract(minute from e.completed_at - e.started_at), e.error, e.reason) from work.get_execution('late') as e), 't 10 x y', 'the times that it had');
select is(work.record_execution('never', pg_temp.name(1), 'w', p_started_at => '2020-01-01', p_status => 'cancelled', p_status_at => 'infinity'), true, 'times that cannot be');
select is((select e.started_at between now() and e.completed_at and e.completed_at <= clock_timestamp() from work.get_execution('never') as e), true, 'are now');

select is(work.record_execution('lost', pg_temp.name(1), 'w'), true, 'lost');
reset role;
select tap.later('lost');
select is(work.expire_executions(), 1, 'given up');
set local role pylayer_agent;
select is(work.record_execution('lost', pg_temp.name(1), p_status => 'completed'), true, 'lives after all');
reset role;
select is(tap.states('lost'), 'running failed running completed', 'and says so');

select tap.running('claimed');
set local role pylayer_agent;
select work.start_execution('w', p_run_id => 'pending');
select is(work.record_execution(v.run, pg_temp.name(1), 'w', p_spans => pg_temp.attempt('a', 's', 'completed'), p_status => 'completed'), false, v.run || ' is not its driver''s')
from (values ('claimed'), ('pending')) as v (run);
select is((select string_agg(e.status, ' ' order by e.run_id) from work.list_executions() as e where e.run_id in ('claimed', 'pending')), 'running pending', 'unchanged');
reset role;
select is(pg_temp.steps('claimed'), null, 'no steps');
select is((select count(*) from work.list_traces('claimed')), 1::bigint, 'but spans');

set local role pylayer_agent;
select is(tap.outcome(format('select work.record_execution(%s)', v.arguments)), v.outcome, left(v.arguments, 80)) from (values
  ('null, pg_temp.name(1), ''w''', 'PT400 invalid_name'), (''''', pg_temp.name(1), ''w''', 'PT400 invalid_name'), ('''x'', null, ''w''', 'PT400 invalid_name'),
  ('''x'', ''me'', ''w''', 'PT400 invalid_name'), ('''x'', repeat(''m'', 180) || pg_temp.name(1), ''w''', 'PT400 invalid_name'), ('''x'', pg_temp.name(1), ''''', 'PT400 invalid_name'),
  ('''x'', pg_temp.name(1), ''w'', p_metadata => ''[]''', 'PT400 invalid_metadata'), ('''x'', pg_temp.name(1), ''w'', p_project_id => repeat(''x'', 501)', 'PT400 invalid_project_id'),
  ('''x'', pg_temp.name(1), ''w'', p_status => ''pending''', 'PT400 invalid_status'), ('''x'', pg_temp.name(1), ''w'', p_alive_seconds => 0', 'PT400 invalid_lease'),
  ('''x'', pg_temp.name(1), ''w'', p_alive_seconds => null', 'PT400 invalid_lease'), ('''x'', pg_temp.name(1)', 'PT404 no_run'), ('null, pg_temp.name(1)', 'PT404 no_run'),
  ('''x'', pg_temp.name(1), ''w'', p_inputs => to_jsonb(repeat(''x'', 1048576))', 'PT413 value_limit'), ('''x'', pg_temp.name(1), ''w'', p_outputs => to_jsonb(repeat(''x'', 1048576))', 'PT413 value_limit'),
  ('''x'', pg_temp.name(1), ''w'', p_spans => ''1''', 'PT400 invalid_spans'), ('''x'', pg_temp.name(1), ''w'', p_spans => pg_temp.attempt(''a'', null, ''completed'')', 'PT400 invalid_spans'),
  ('''x'', pg_temp.name(1), ''w'', p_spans => pg_temp.attempt(''a'', ''s'', ''gone'')', 'PT400 invalid_spans')
) as v (arguments, outcome);
reset role;
select is((select count(*) from work.workflow_executions where run_id = 'x'), 0::bigint, 'nothing of what was refused');
set local role pylayer_analyst;
select is(tap.outcome($$select work.record_execution('r', 'me')$$), '42501', 'pylayer_analyst may not');
reset role;

select * from finish();
