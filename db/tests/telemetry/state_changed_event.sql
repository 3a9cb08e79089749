select no_plan();

select is(
  (select e - 'event_id' from telemetry.state_changed_event('story', 'INFR-001', null, 'backlog') as e),
  '{"event_name": "workflow.item_state_changed", "item_id": "INFR-001", "payload": {"item_type": "story", "from_state": null, "to_state": "backlog"}}',
  'at creation from_state is null, and what is not known is left out'
);
select is(
  (select status from telemetry.ingest_event(telemetry.state_changed_event(
    p_item_type => 'workflow_run', p_item_id => 'run-1', p_from_state => 'running', p_to_state => 'failed',
    p_run_id => 'run-1', p_workflow_name => 'wf', p_agent_role => 'dev', p_project_id => 'p',
    p_reason => 'timeout', p_actor => 'maintenance', p_time_in_state_seconds => -0.5
  ))),
  'created', 'it fulfils its contract, with a clock that went back'
);
select is(
  (select array_agg(i.status) from telemetry.ingest_events((
    select jsonb_agg(telemetry.state_changed_event('task', n::text, 'running', 'completed'))
    from generate_series(1, 3) as n
  )) as i),
  array['created', 'created', 'created'], 'many in one call, each with an id of its own'
);

select * from finish();
