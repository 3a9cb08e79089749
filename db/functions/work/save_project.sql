-- Makes a project, or changes what is given of one.
--
-- Parameters:
--   p_project_id  1 to 200 characters, no control characters, no blanks around it
--   p_fields      a JSON object of name, description, repository, default_branch, tech_stack, pr_merge_rate (0 to 1),
--                 test_coverage (0 to 1), tags, metadata; null in it clears a field. A new project without a name is
--                 named like its id
-- Returns: the project.
-- Errors:  PT400 invalid_project_id, invalid_fields, unknown_field, invalid_field; PT404 no_project (it was removed);
--          PT413 field_limit.
-- Tables:  work.projects (inserted, or row locked and updated).
-- Repeat:  safe.
create or replace function work.save_project(p_project_id text, p_fields jsonb default '{}') returns work.project_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_old work.projects;
  v_new work.projects;
  v_project work.project_info;
begin
  perform work.check_project(p_project_id => p_project_id, p_fields => p_fields);
  insert into work.projects (project_id, name) values (p_project_id, p_project_id) on conflict do nothing;
  select p.* into v_old from work.projects as p
  where p.project_id = p_project_id and p.deleted_at is null
  for no key update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'the project was removed', constraint = 'no_project', detail = p_project_id,
      hint = 'take another id';
  end if;
  v_new := jsonb_populate_record(v_old, p_fields);
  update work.projects as p
  set
    name = v_new.name,
    description = v_new.description,
    repository = v_new.repository,
    default_branch = v_new.default_branch,
    tech_stack = v_new.tech_stack,
    pr_merge_rate = v_new.pr_merge_rate,
    test_coverage = v_new.test_coverage,
    tags = v_new.tags,
    metadata = v_new.metadata,
    updated_at = clock_timestamp()
  where p.project_id = p_project_id and v_new is distinct from v_old;
  select r.* into v_project from work.project_rows(p_project_ids => array[p_project_id]) as r;
  return v_project;
end
$$;
comment on function work.save_project(text, jsonb) is
'Makes a project, or changes what is given of one; safe to repeat. Errors: PT400, PT404 no_project, PT413 field_limit';
alter function work.save_project(text, jsonb) owner to pylayer_api;
revoke all on function work.save_project(text, jsonb) from public;
grant execute on function work.save_project(text, jsonb) to pylayer_agent;
