-- Refuses the fields of an item that cannot be stored.
--
-- Parameters: p_fields, a JSON object of the fields that people and agents edit; null in it clears one.
-- Errors:     PT400 invalid_fields, unknown_field, invalid_field; PT404 no_project; PT413 field_limit.
-- Tables:     work.projects (read).
create or replace function work.check_item_fields(p_fields jsonb) returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_number text := p_fields ->> 'github_number';
begin
  perform work.check_fields(p_fields => p_fields, p_types => '{
    "title": ["string"], "description": ["string", "null"], "priority": ["number"], "project_id": ["string", "null"],
    "github_repository": ["string", "null"], "github_number": ["number", "null"], "github_node_id": ["string", "null"],
    "github_url": ["string", "null"], "ai_analysis": ["object", "null"], "ai_suggestions": ["object", "array", "null"],
    "tags": ["object", "array", "null"], "metadata": ["object", "null"]
  }');
  if length(btrim(p_fields ->> 'title')) not between 1 and 500
    or length(p_fields ->> 'title') > 500
    or p_fields ->> 'priority' !~ '^[0-4]$'
    or v_number !~ '^[1-9][0-9]{0,8}$'
    or greatest(length(p_fields ->> 'github_repository'), length(p_fields ->> 'github_node_id')) > 200
  then
    raise exception using
      errcode = 'PT400', message = 'a field has a value that it cannot have', constraint = 'invalid_field',
      detail = format(
        'title of %s characters, priority %s, github_number %s, github_repository of %s, github_node_id of %s',
        length(p_fields ->> 'title'), left(p_fields ->> 'priority', 20), left(v_number, 20),
        length(p_fields ->> 'github_repository'), length(p_fields ->> 'github_node_id')
      ),
      hint = 'a title has 1 to 500 characters, priority is 0 to 4, github_number from 1, the other two at most 200';
  end if;
  perform work.check_references(p_project_id => p_fields ->> 'project_id', p_item_id => null);
end
$$;
comment on function work.check_item_fields(jsonb) is
'Refuses fields of an item that cannot be stored. Errors: PT400 invalid_fields, unknown_field, invalid_field, PT404 no_project, PT413 field_limit';
alter function work.check_item_fields(jsonb) owner to pylayer_api;
revoke all on function work.check_item_fields(jsonb) from public;
