select no_plan();

select telemetry.register_event_type('workflow.step_completed', '{"properties": {"duration_ms": {"type": "string"}}}', 2);
select telemetry.ingest_events(jsonb_build_array(
  tap.event('{"run_id": "step", "event_name": "workflow.step_completed", "payload": {"step_name": "build", "status": "failed",
    "duration_ms": 12.5, "input_tokens": 7, "output_tokens": 3, "cost_usd_est": 0.25, "model": "m", "retry_count": 1,
    "cached_input_tokens": 2, "error": "boom"}}'),
  tap.event('{"run_id": "state", "event_name": "workflow.item_state_changed", "payload": {"item_type": "story",
    "from_state": null, "to_state": "ready", "reason": "r", "actor": "a"}}'),
  tap.event('{"run_id": "other"}'),
  tap.event('{"run_id": "text", "event_name": "workflow.step_completed", "event_version": 2, "payload": {"duration_ms": "12"}}')
));
set local role pylayer_analyst;
create temporary table f as
select * from telemetry.training_workflow_data(now() - interval '1 day', now() + interval '1 day', 9, 0);

select set_eq('select run_id from f', array['step', 'state', 'text'], 'steps and state changes');
select is((select array_agg(event_id) from f), (select array_agg(event_id order by event_id) from f), 'in id order');
select row_eq(
  $$select step_name, status, model, duration_ms, input_tokens, cached_input_tokens, output_tokens, cost_usd_est, retry_count, error
    from f where run_id = 'step'$$,
  row('build'::text, 'failed'::text, 'm'::text, 12.5, 7::numeric, 2::numeric, 3::numeric, 0.25, 1::numeric, 'boom'::text),
  'the facts of a step'
);
select row_eq(
  $$select item_type, from_state, to_state, reason, actor, step_name, duration_ms from f where run_id = 'state'$$,
  row('story'::text, null::text, 'ready'::text, 'r'::text, 'a'::text, null::text, null::numeric), 'of a state change'
);
select is((select duration_ms from f where run_id = 'text'), null, 'what is no number is null');
select is(
  (select count(*) from telemetry.training_workflow_data(now() - interval '1 day', now() + interval '1 day', 1, 1)),
  0::bigint, 'nothing above the horizon'
);

set local role pylayer_agent;
select is(tap.outcome('select telemetry.training_workflow_data(now(), now(), 9, 0)'), '42501', 'agents do not read tables');

select * from finish();
