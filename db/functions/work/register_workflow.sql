-- Registers a version of a workflow. Until a run has used it, another definition takes the place of the one before.
--
-- Parameters:
--   p_workflow_id  its name, at most 200 bytes
--   p_version      semantic version such as 1.2.0
--   p_steps        array of at most 500 objects with a name each and, where a step has some, depends_on: names of steps
--   p_name, p_description  title and text for people
--   p_status       draft, active or deprecated, for a version that is new; work.set_workflow_status changes it later
--   p_project_id, p_metadata (an object), p_tags (an object or array)
-- Returns: the version; created is false when it was there.
-- Errors:  PT400 invalid_name, invalid_version, invalid_status, invalid_project_id, invalid_metadata, invalid_tags;
--          PT409 workflow_in_use: runs have used another definition of this version; PT413 value_limit;
--          PT422 invalid_steps, duplicate_step, unknown_dependency, step_cycle.
-- Tables:  work.workflows (row locked, inserted or updated).
-- Repeat:  safe.
create or replace function work.register_workflow(
  p_workflow_id text,
  p_version text,
  p_steps jsonb default '[]',
  p_name text default null,
  p_description text default null,
  p_status text default 'active',
  p_project_id text default null,
  p_metadata jsonb default null,
  p_tags jsonb default null
) returns work.workflow_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_version integer[] := (work.version_bounds(p_selector => p_version)).p_from;
  v_now timestamptz := clock_timestamp();
  v_row work.workflows;
begin
  perform work.check_run_text(p_what => 'workflow_id', p_value => p_workflow_id, p_bytes => 200);
  perform work.check_run_text(p_what => 'name', p_value => coalesce(p_name, 'none'), p_bytes => 500);
  perform work.check_run_text(p_what => 'description', p_value => coalesce(p_description, 'none'), p_bytes => 10000);
  perform work.check_run_facts(p_project_id => p_project_id, p_metadata => p_metadata, p_tags => p_tags, p_times => null);
  if p_version !~ '^\d' then
    raise exception using
      errcode = 'PT400', message = 'this is not one version', constraint = 'invalid_version', detail = left(p_version, 64),
      hint = 'register a version such as 1.2.0';
  end if;
  perform work.check_workflow_status(p_status => p_status);
  perform work.check_steps(p_steps => p_steps);
  insert into work.workflows as w (
    workflow_id, version_major, version_minor, version_patch, name, description, status, steps, project_id, metadata, tags
  )
  values (
    p_workflow_id, v_version[1], v_version[2], v_version[3], p_name, p_description, p_status, p_steps, p_project_id,
    p_metadata, p_tags
  )
  on conflict do nothing
  returning w.* into v_row;
  if found then
    return work.workflow_of(v_row, true);
  end if;
  select w.* into v_row from work.workflows as w
  where w.workflow_id = p_workflow_id
    and (w.version_major, w.version_minor, w.version_patch) = (v_version[1], v_version[2], v_version[3])
  for no key update;
  if v_row.used_at is not null and v_row.steps <> p_steps then
    raise exception using
      errcode = 'PT409', message = 'runs have used another definition of this version', constraint = 'workflow_in_use',
      detail = format('workflow %s, version %s', p_workflow_id, v_row.version), hint = 'register a new version';
  end if;
  if (v_row.steps, v_row.name, v_row.description, v_row.project_id, v_row.metadata, v_row.tags)
    is distinct from (p_steps, p_name, p_description, p_project_id, p_metadata, p_tags) then
    update work.workflows as w
    set steps = p_steps, name = p_name, description = p_description, project_id = p_project_id, metadata = p_metadata,
      tags = p_tags, updated_at = v_now
    where w.workflow_id = p_workflow_id and w.version = v_row.version
    returning w.* into v_row;
  end if;
  return work.workflow_of(v_row, false);
end
$$;
comment on function work.register_workflow(text, text, jsonb, text, text, text, text, jsonb, jsonb) is
'Registers a version of a workflow; safe to repeat. Errors: PT400, PT409 workflow_in_use, PT413 value_limit, PT422';
alter function work.register_workflow(text, text, jsonb, text, text, text, text, jsonb, jsonb) owner to pylayer_api;
revoke all on function work.register_workflow(text, text, jsonb, text, text, text, text, jsonb, jsonb) from public;
grant execute on function work.register_workflow(
  text, text, jsonb, text, text, text, text, jsonb, jsonb
) to pylayer_agent;
