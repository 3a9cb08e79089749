-- Makes the next version of a definition of agents, unless the latest says the same. A version never changes, so what an
-- agent was made of stays known.
--
-- Parameters:
--   p_name    1 to 100 of A-Z, a-z, 0-9, ., _ and -, the first a letter or digit
--   p_fields  a JSON object of role, description, provider, model, system_prompt, capabilities, tools, config, budget, tags,
--             metadata. What it leaves out is as in the latest version; null in it clears a field
-- Returns: the version, or the latest one when nothing differs.
-- Errors:  PT400 invalid_fields, unknown_field, invalid_field; PT409 stale_definition (the transaction's
--          snapshot is older than the latest version; not at read committed); PT413 field_limit.
-- Tables:  ai.agent_definitions (an advisory lock for the name until the end of the transaction; read, inserted).
-- Repeat:  safe.
create or replace function ai.save_agent_definition(p_name text, p_fields jsonb default '{}')
returns ai.agent_definition_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: as the other writing functions
set search_path = pg_catalog, pg_temp
as $$
declare
  v_old ai.agent_definitions;
  v_new ai.agent_definitions;
  v_constraint text;
begin
  perform work.check_fields(p_fields => p_fields, p_types => '{
    "role": ["string", "null"], "description": ["string", "null"], "provider": ["string", "null"],
    "model": ["string", "null"], "system_prompt": ["string", "null"], "capabilities": ["array", "null"],
    "tools": ["array", "null"], "config": ["object", "null"], "budget": ["object", "null"],
    "tags": ["object", "array", "null"], "metadata": ["object", "null"]
  }');
  -- Two sessions must not both make the next version: they take turns, each with a snapshot of its own turn.
  perform pg_advisory_xact_lock(hashtextextended('ai.agent_definitions ' || p_name, 0));
  select d.* into v_old from ai.agent_definitions as d where d.name = p_name order by d.version desc limit 1;
  v_new := jsonb_populate_record(v_old, p_fields);
  if v_old.version is null or v_new is distinct from v_old then
    insert into ai.agent_definitions (
      name, version, role, description, provider, model, system_prompt, capabilities, tools, config, budget, tags, metadata
    )
    values (
      coalesce(p_name, ''), coalesce(v_old.version, 0) + 1, v_new.role, v_new.description, v_new.provider, v_new.model,
      v_new.system_prompt, v_new.capabilities, v_new.tools, v_new.config, v_new.budget, v_new.tags, v_new.metadata
    );
  end if;
  return ai.get_agent_definition(p_name => p_name);
exception
  when check_violation then
    get stacked diagnostics v_constraint = constraint_name;
    raise exception using
      errcode = 'PT400', message = 'a field has a value that it cannot have', constraint = 'invalid_field',
      detail = v_constraint,
      hint = 'a name is 1 to 100 of A-Z, a-z, 0-9, ., _ and -; a role or model has at most 200 characters, a provider 100';
  when unique_violation then
    raise exception using
      errcode = 'PT409', message = 'the definition has a newer version than this transaction sees',
      constraint = 'stale_definition', detail = format('name %s, version %s', p_name, v_old.version),
      hint = 'try the transaction again';
end
$$;
comment on function ai.save_agent_definition(text, jsonb) is
'Makes the next version of a definition of agents, unless the latest says the same; safe to repeat. Errors: PT400, PT409 stale_definition, PT413 field_limit';
alter function ai.save_agent_definition(text, jsonb) owner to pylayer_api;
revoke all on function ai.save_agent_definition(text, jsonb) from public;
grant execute on function ai.save_agent_definition(text, jsonb) to pylayer_admin;
