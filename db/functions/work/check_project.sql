-- Refuses a project that cannot be stored.
--
-- Parameters: as work.save_project.
-- Errors:     PT400 invalid_project_id, invalid_fields, unknown_field, invalid_field; PT413 field_limit.
create or replace function work.check_project(p_project_id text, p_fields jsonb) returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if (length(p_project_id) between 1 and 200 and p_project_id !~ '[[:cntrl:]]' and p_project_id = btrim(p_project_id))
    is not true
  then
    raise exception using
      errcode = 'PT400', message = 'the id of a project is malformed', constraint = 'invalid_project_id',
      detail = coalesce(left(p_project_id, 200), 'null'),
      hint = '1 to 200 characters, no control characters, no blanks around it';
  end if;
  perform work.check_fields(p_fields => p_fields, p_types => '{
    "name": ["string"], "description": ["string", "null"], "repository": ["string", "null"], "default_branch": ["string"],
    "tech_stack": ["object", "array", "null"], "pr_merge_rate": ["number", "null"], "test_coverage": ["number", "null"],
    "tags": ["object", "array", "null"], "metadata": ["object", "null"]
  }');
  if length(btrim(p_fields ->> 'name')) not between 1 and 200
    or length(p_fields ->> 'name') > 200
    or length(p_fields ->> 'repository') > 500
    or length(p_fields ->> 'default_branch') > 255
    or (p_fields ->> 'pr_merge_rate')::numeric not between 0 and 1
    or (p_fields ->> 'test_coverage')::numeric not between 0 and 1
  then
    raise exception using
      errcode = 'PT400', message = 'a field has a value that it cannot have', constraint = 'invalid_field',
      detail = format(
        'name of %s characters, repository of %s, default_branch of %s, pr_merge_rate %s, test_coverage %s',
        length(p_fields ->> 'name'), length(p_fields ->> 'repository'), length(p_fields ->> 'default_branch'),
        left(p_fields ->> 'pr_merge_rate', 20), left(p_fields ->> 'test_coverage', 20)
      ),
      hint = 'at most 200 characters for the name, 500 for the repository, 255 for the branch; shares are 0 to 1';
  end if;
end
$$;
comment on function work.check_project(text, jsonb) is
'Refuses a project that cannot be stored. Errors: PT400 invalid_project_id, invalid_fields, unknown_field, invalid_field, PT413 field_limit';
alter function work.check_project(text, jsonb) owner to pylayer_api;
revoke all on function work.check_project(text, jsonb) from public;
