select no_plan();

select is(
  (select e - '{event_id,ts}'::text[] from telemetry.state_changed_event('story', 'INFR-001', null, 'backlog') as e),
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

select ok(
  bool_and(e.ts > e.before),
  'each later than the one before, however many fall into a millisecond'
) from (
  select (s.event ->> 'ts')::timestamptz as ts, coalesce(lag((s.event ->> 'ts')::timestamptz) over (order by s.n), '-infinity') as before
  from (
    select n, telemetry.state_changed_event('task', 't', n::text, (n + 1)::text) as event from generate_series(1, 50) as n offset 0
  ) as s
) as e;

select * from finish();
