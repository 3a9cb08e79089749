-- Starts a run, in the state pending. The run_id is the key: of two that start one run, both get the same.
--
-- Parameters:
--   p_workflow_id  workflow, at most 200 bytes
--   p_inputs       what it starts with, at most 1 MiB
--   p_run_id       free text of at most 500 bytes; null makes a ULID
--   p_version      selector of a registered version as in work.get_workflow; null: of none
--   p_parent_run_id  run that starts it, and is cancelled with it
--   p_start_at     from when on it may be claimed; null is at once
--   p_deadline     when it fails if it has not ended
--   p_assigned_agents, p_project_id, p_metadata (an object), p_tags (an object or array)
-- Returns: the run; created is false when it was there.
-- Errors:  PT400 invalid_name, invalid_version, invalid_project_id, invalid_metadata, invalid_tags, invalid_time;
--          PT404 no_workflow, no_run (the parent); PT409 run_exists: the run_id belongs to a run of another workflow, other
--          inputs or another parent; PT409 run_ended: the parent has; PT413 value_limit.
-- Tables:  work.workflows (updated by the first run), work.workflow_executions (parent locked for share, row inserted),
--          telemetry.workflow_events (inserted), in this order.
-- Repeat:  safe with a p_run_id.
create or replace function work.start_execution(
  p_workflow_id text,
  p_inputs jsonb default '{}',
  p_run_id text default null,
  p_version text default null,
  p_parent_run_id text default null,
  p_start_at timestamptz default null,
  p_deadline timestamptz default null,
  p_assigned_agents text[] default null,
  p_project_id text default null,
  p_metadata jsonb default null,
  p_tags jsonb default null
) returns work.execution_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_run_id text := coalesce(p_run_id, core.new_ulid());
  v_run work.workflow_executions;
  v_version text;
  v_steps integer;
  v_parent text;
begin
  select e.* into v_run from work.workflow_executions as e where e.run_id = v_run_id;
  if not found then
    perform work.check_run_text(p_what => 'run_id', p_value => v_run_id, p_bytes => 500);
    perform work.check_run_text(p_what => 'workflow_id', p_value => p_workflow_id, p_bytes => 200);
    perform work.check_run_facts(
      p_project_id => p_project_id, p_metadata => p_metadata, p_tags => p_tags, p_times => array[p_start_at, p_deadline]
    );
    perform work.check_document(p_what => 'inputs', p_value => p_inputs);
    perform work.check_document(p_what => 'assigned_agents', p_value => to_jsonb(p_assigned_agents));
    if p_version is not null then
      v_version := (work.get_workflow(p_workflow_id => p_workflow_id, p_version => p_version)).version;
      update work.workflows as w set used_at = clock_timestamp()
      where w.workflow_id = p_workflow_id and w.version = v_version and w.used_at is null;
      select jsonb_array_length(w.steps) into v_steps
      from work.workflows as w where w.workflow_id = p_workflow_id and w.version = v_version;
    end if;
    if p_parent_run_id is not null then
      select e.status into v_parent from work.workflow_executions as e where e.run_id = p_parent_run_id for share;
      if v_parent is null or v_parent in ('completed', 'failed', 'cancelled') then
        perform work.refuse_run(p_run_id => p_parent_run_id, p_status => v_parent);
      end if;
    end if;
    insert into work.workflow_executions as e (
      run_id, workflow_id, version, parent_run_id, total_steps, inputs, due_at, deadline, assigned_agents, project_id,
      metadata, tags
    )
    values (
      v_run_id, p_workflow_id, v_version, p_parent_run_id, v_steps, coalesce(p_inputs, '{}'),
      coalesce(p_start_at, clock_timestamp()), p_deadline, p_assigned_agents, p_project_id, p_metadata, p_tags
    )
    on conflict do nothing
    returning e.* into v_run;
    if found then
      return work.execution_of(v_run, true);
    end if;
    -- A statement of its own sees the run that a session committed while the one above waited for it.
    select e.* into v_run from work.workflow_executions as e where e.run_id = v_run_id;
  end if;
  if (v_run.workflow_id, v_run.inputs, v_run.parent_run_id)
    is distinct from (p_workflow_id, coalesce(p_inputs, '{}'), p_parent_run_id) then
    raise exception using
      errcode = 'PT409', message = 'another run has this run_id', constraint = 'run_exists',
      detail = format('run %s of workflow %s', v_run_id, v_run.workflow_id),
      hint = 'a repeat has the same workflow, inputs and parent; else use another run_id';
  end if;
  return work.execution_of(v_run, false);
end
$$;
comment on function work.start_execution(
  text, jsonb, text, text, text, timestamptz, timestamptz, text[], text, jsonb, jsonb
) is
'Starts a run; safe to repeat by run_id. Errors: PT400, PT404 no_workflow, no_run, PT409 run_exists, run_ended, PT413 value_limit';
alter function work.start_execution(
  text, jsonb, text, text, text, timestamptz, timestamptz, text[], text, jsonb, jsonb
) owner to pylayer_api;
revoke all on function work.start_execution(
  text, jsonb, text, text, text, timestamptz, timestamptz, text[], text, jsonb, jsonb
) from public;
grant execute on function work.start_execution(
  text, jsonb, text, text, text, timestamptz, timestamptz, text[], text, jsonb, jsonb
) to pylayer_agent;
