-- A run that a graph drives is there when it runs, and when it runs again: it never waits for a worker, as pending. It is
-- recorded a little later than it happens, so who records it tells when that was.

grant update (status_at) on work.workflow_executions to pylayer_api;

create or replace function work.guard_execution() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_from text := case when tg_op = 'UPDATE' then old.status else 'none' end;
begin
  if (v_from, new.status) not in (
    ('none', 'pending'), ('none', 'running'), ('pending', 'running'), ('pending', 'failed'), ('pending', 'cancelled'),
    ('running', 'waiting'), ('running', 'completed'), ('running', 'failed'), ('running', 'cancelled'),
    ('waiting', 'running'), ('waiting', 'failed'), ('waiting', 'cancelled'), ('failed', 'pending'), ('failed', 'running')
  ) then
    raise exception using
      errcode = 'PT409', message = 'a run cannot change so', constraint = 'illegal_transition',
      detail = format('run %s: %s to %s', new.run_id, v_from, new.status),
      hint = 'pending, running, waiting and running again; then completed, failed or cancelled; failed to pending or running';
  end if;
  if tg_op = 'UPDATE' then
    new.status_at := case
      when new.status_at = old.status_at then clock_timestamp() else greatest(old.status_at, new.status_at)
    end;
  end if;
  new.status_at := least(new.status_at, clock_timestamp());
  if new.status = 'running' then
    new.started_at := coalesce(new.started_at, new.status_at);
  end if;
  if new.status in ('completed', 'failed', 'cancelled') then
    new.completed_at := new.status_at;
    new.due_at := null;
    new.waiting_for := null;
  else
    new.completed_at := null;
  end if;
  return new;
end
$$;

create or replace function work.store_execution_event() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_was work.workflow_executions := case when tg_op = 'UPDATE' then old end;
begin
  -- Its time is that of the change; microseconds keep the order of two that are stored in one millisecond.
  perform telemetry.ingest_event(telemetry.state_changed_event(
    p_item_type => 'workflow_run', p_item_id => new.run_id, p_from_state => v_was.status, p_to_state => new.status,
    p_run_id => new.run_id, p_workflow_name => new.workflow_id, p_project_id => new.project_id,
    p_reason => new.reason, p_actor => new.actor,
    p_time_in_state_seconds => extract(epoch from new.status_at - v_was.status_at)::double precision
  ) || jsonb_build_object('ts', new.status_at));
  return null;
end
$$;
