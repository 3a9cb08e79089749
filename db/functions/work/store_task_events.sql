-- Stores the events of changes of tasks' states, as far as their queues want them.
--
-- Parameters: p_changes.
-- Tables:     work.queues (read), then as telemetry.ingest_events.
create or replace function work.store_task_events(p_changes work.task_change[])
returns void
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_events jsonb;
begin
  select jsonb_agg(telemetry.state_changed_event(
    p_item_type => 'task', p_item_id => c.execution_id, p_from_state => c.from_status, p_to_state => c.to_status,
    p_run_id => c.run_id, p_workflow_name => c.workflow_name, p_project_id => c.project_id, p_reason => c.reason,
    p_actor => c.actor, p_time_in_state_seconds => extract(epoch from clock_timestamp() - c.since)::double precision
  ))
  into v_events
  from unnest(p_changes) as c
  inner join work.queues as q on q.queue = c.queue
  where q.events = 'all' or (q.events = 'terminal' and c.to_status in ('completed', 'failed'));
  if jsonb_array_length(v_events) = 1 then
    perform telemetry.ingest_event(v_events -> 0);
  elsif v_events is not null then
    perform telemetry.ingest_events(p_events => v_events);
  end if;
end
$$;
comment on function work.store_task_events(work.task_change[]) is
'Stores the events of changes of tasks'' states, as far as their queues want them';
alter function work.store_task_events(work.task_change[]) owner to pylayer_api;
revoke all on function work.store_task_events(work.task_change[]) from public;
