select no_plan();

create function pg_temp.value(p_metric text, p_labels jsonb default '{}') returns numeric language sql as $$
  select t.value from telemetry.metric_totals() as t where t.metric = p_metric and t.labels = p_labels
$$;
create function pg_temp.change(p_type text, p_item text, p_from text, p_to text, p_age interval) returns jsonb language sql as $$
  select tap.event(jsonb_build_object('event_name', 'workflow.item_state_changed', 'item_id', p_item, 'payload',
    jsonb_build_object('item_type', p_type, 'from_state', p_from, 'to_state', p_to)), now() - p_age)
$$;
-- Stored as if by an earlier transaction: this one's own events lie behind its horizon.
create function pg_temp.store(p_events jsonb) returns void language sql as $$
  insert into telemetry.workflow_events (event_id, event_version, event_name, ts, item_id, workflow_name, payload, recorded_epoch, recorded_xid)
  select e ->> 'event_id', 1, e ->> 'event_name', core.ulid_time(e ->> 'event_id'), e ->> 'item_id', e ->> 'workflow_name', e -> 'payload', 1, 3
  from jsonb_array_elements(p_events) as e
$$;

select is(pg_temp.value('workflow_run_success_total'), 0::numeric, 'a counter is there before it counts');
select is(pg_temp.value('telemetry_rollups_refreshed_timestamp_seconds'), null, 'never refreshed');
select is(pg_temp.value('telemetry_partitions_months_ahead'), 3::numeric, 'the runway');
select is(
  pg_temp.value('telemetry_oldest_partition_timestamp_seconds'),
  extract(epoch from (select min(core.ulid_time(substring(pg_get_expr(c.relpartbound, c.oid) from $$FROM \('(\w+)'\)$$)))
    from pg_inherits as i join pg_class as c on c.oid = i.inhrelid where i.inhparent = 'telemetry.workflow_events'::regclass)),
  'the oldest month'
);

select pg_temp.store(jsonb_build_array(
  pg_temp.change('workflow_run', 'r1', null, 'running', '3 hours'),
  pg_temp.change('workflow_run', 'r1', 'running', 'completed', '2 hours'),
  pg_temp.change('workflow_run', 'r1', 'completed', 'done', '1 hour'),
  pg_temp.change('workflow_run', 'r2', null, 'failed', '1 hour'),
  pg_temp.change('workflow_run', 'r3', null, 'cancelled', '1 hour'),
  pg_temp.change('task', 't1', 'running', 'done', '1 hour')
));
create temporary table steps as select jsonb_agg(tap.event(jsonb_build_object(
  'event_name', 'workflow.step_completed', 'workflow_name', s.workflow,
  'payload', jsonb_strip_nulls(jsonb_build_object('step_name', 's', 'status', 'succeeded', 'duration_ms', s.ms, 'model', s.model,
    'input_tokens', s.tokens, 'cached_input_tokens', s.tokens, 'output_tokens', 1, 'cost_usd_est', s.cost))
))) as batch
from (values ('w', 5, 'm', 10, 0.1), ('w', 6, 'n', 20, 0.2), ('', 7200000, 'm', 0, 0), (null, 7, 'm', 0, 0.3)) as s (workflow, ms, model, tokens, cost);
select pg_temp.store(batch) from steps;
select telemetry.ingest_events(batch) from steps;
select telemetry.ingest_events(jsonb_build_array(batch -> 0 || '{"run_id": "x"}')) from steps;
select is(pg_temp.value('telemetry_events_inserted_total'), 0::numeric, 'as new as the last refresh');
select telemetry.refresh_rollups();
select is(pg_temp.value('telemetry_events_inserted_total'), 10::numeric, 'each event counts');

select is(pg_temp.value('workflow_run_success_total'), 1::numeric, 'an ending that is told twice is one; a task is no run');
select is(pg_temp.value('workflow_run_failure_total'), 1::numeric, 'who cancels has not failed');
select is(pg_temp.value('workflow_state_transitions_total', '{"from_state": "", "to_state": "failed"}'), 1::numeric, 'from nowhere');
select is(pg_temp.value('workflow_step_tokens_total', '{"workflow_name": "w", "step_name": "s", "model": "n"}'), 21::numeric, 'the cached ones are part of the input');
select is(pg_temp.value('workflow_step_cost_usd_total', '{"workflow_name": "", "step_name": "s", "model": "m"}'), 0.3, 'no workflow and an empty one are the same');
select is(pg_temp.value('telemetry_events_deduplicated_total'), 4::numeric, 'sent again');
select is(pg_temp.value('telemetry_events_conflicts_total'), 1::numeric, 'with other content');
select results_eq(
  $$select t.labels ->> 'workflow_name', t.value, t.buckets from telemetry.metric_totals() as t
    where t.metric = 'workflow_step_duration_seconds' order by 1$$,
  $$values ('', 7200.007, array[0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]::bigint[]),
    ('w', 0.011, array[1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]::bigint[])$$,
  'durations of all models; a bound is part of its bucket'
);
select is(
  (select t.bounds[array_length(t.bounds, 1)] from telemetry.metric_totals() as t where t.metric = 'workflow_step_duration_seconds' limit 1),
  3600::numeric, 'bounds in seconds'
);
select is(pg_temp.value('workflow_cycle_time_seconds', '{"item_type": "workflow_run"}'), 3600::numeric, 'until it first came into a state that means success');
select is(pg_temp.value('workflow_cycle_time_seconds', '{"item_type": "task"}'), 0::numeric, 'a single change');
select is((select count(*) from (select metric, labels from telemetry.metric_totals() group by 1, 2 having count(*) > 1) as t), 0::bigint, 'no series twice');

set local role pylayer_agent;
select isnt((select count(*) from telemetry.metric_totals()), 0::bigint, 'agents read');
set local role pylayer_auditor;
select is(tap.outcome('select telemetry.metric_totals()'), '42501', 'others do not');

select * from finish();
