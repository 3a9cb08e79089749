-- Makes an agent, or changes what is given of one.
--
-- Parameters:
--   p_agent_id  1 to 100 of A-Z, a-z, 0-9, ., _, : and -, the first a letter or digit; never changes
--   p_fields    a JSON object of name (default the id), definition_id, status (active, paused, retired), project_id, config,
--               budget, tags, metadata; null in it clears a field. retired is for good
-- Returns: the agent.
-- Errors:  PT400 invalid_fields, unknown_field, invalid_field; PT404 no_agent (it was removed), no_definition; PT409
--          agent_retired; PT413 field_limit.
-- Tables:  ai.agents (inserted, or row locked and updated), ai.agent_definitions (read).
-- Repeat:  safe.
create or replace function ai.save_agent(p_agent_id text, p_fields jsonb default '{}') returns ai.agent_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: as the other writing functions
set search_path = pg_catalog, pg_temp
as $$
declare
  v_old ai.agents;
  v_new ai.agents;
  v_constraint text;
begin
  perform work.check_fields(p_fields => p_fields, p_types => '{
    "name": ["string"], "definition_id": ["string", "null"], "status": ["string"], "project_id": ["string", "null"],
    "config": ["object", "null"], "budget": ["object", "null"], "tags": ["object", "array", "null"],
    "metadata": ["object", "null"]
  }');
  insert into ai.agents (agent_id, name) values (coalesce(p_agent_id, ''), p_agent_id) on conflict do nothing;
  select a.* into v_old from ai.agents as a where a.agent_id = p_agent_id and a.deleted_at is null for no key update;
  if not found then
    perform ai.get_agent(p_agent_id => p_agent_id);
  end if;
  v_new := jsonb_populate_record(v_old, p_fields);
  if v_old.status = 'retired' and v_new.status <> 'retired' then
    raise exception using
      errcode = 'PT409', message = 'the agent is retired for good', constraint = 'agent_retired', detail = p_agent_id,
      hint = 'make another agent of the same definition';
  end if;
  update ai.agents as a
  set
    name = v_new.name,
    definition_id = v_new.definition_id,
    status = v_new.status,
    project_id = v_new.project_id,
    config = v_new.config,
    budget = v_new.budget,
    tags = v_new.tags,
    metadata = v_new.metadata,
    updated_at = clock_timestamp()
  where a.agent_id = p_agent_id and v_new is distinct from v_old;
  return ai.get_agent(p_agent_id => p_agent_id);
exception
  when check_violation or not_null_violation then
    get stacked diagnostics v_constraint = constraint_name;
    raise exception using
      errcode = 'PT400', message = 'a field has a value that it cannot have', constraint = 'invalid_field',
      detail = coalesce(nullif(v_constraint, ''), 'agent_id'),
      hint = 'an id is 1 to 100 of A-Z, a-z, 0-9, ., _, : and -; status is active, paused or retired';
  when foreign_key_violation then
    raise exception using
      errcode = 'PT404', message = 'there is no such definition of agents', constraint = 'no_definition',
      detail = left(p_fields ->> 'definition_id', 64), hint = 'ai.list_agent_definitions shows those that exist';
end
$$;
comment on function ai.save_agent(text, jsonb) is
'Makes an agent, or changes what is given of one; safe to repeat. Errors: PT400, PT404 no_agent, no_definition, PT409 agent_retired, PT413 field_limit';
alter function ai.save_agent(text, jsonb) owner to pylayer_api;
revoke all on function ai.save_agent(text, jsonb) from public;
grant execute on function ai.save_agent(text, jsonb) to pylayer_admin;
