-- Makes a conversation, or changes what is given of one. What was said in it never changes.
--
-- Parameters:
--   p_instance_id  1 to 255 characters; null makes a ULID; never changes
--   p_fields       a JSON object of title, at most 500 characters; agent_id, that it is held with, run_id and project_id, at most
--                  255 each; tags, object or array; metadata, object; null in it clears a field
-- Returns: the conversation.
-- Errors:  PT400 invalid_fields, unknown_field, invalid_field; PT413 field_limit.
-- Tables:  ai.conversations (inserted, or row locked and updated).
-- Repeat:  safe with p_instance_id.
create or replace function ai.save_conversation(p_instance_id text default null, p_fields jsonb default '{}')
returns ai.conversation_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the table
set search_path = pg_catalog, pg_temp
as $$
declare
  v_instance_id text := coalesce(p_instance_id, core.new_ulid());
  v_old ai.conversations;
  v_new ai.conversations;
  v_constraint text;
begin
  perform work.check_fields(p_fields => p_fields, p_types => '{
    "title": ["string", "null"], "agent_id": ["string", "null"], "run_id": ["string", "null"],
    "project_id": ["string", "null"], "tags": ["object", "array", "null"], "metadata": ["object", "null"]
  }');
  v_new := jsonb_populate_record(null::ai.conversations, p_fields);
  insert into ai.conversations (instance_id, title, agent_id, run_id, project_id, tags, metadata)
  values (v_instance_id, v_new.title, v_new.agent_id, v_new.run_id, v_new.project_id, v_new.tags, v_new.metadata)
  on conflict do nothing;
  if not found then
    select c.* into v_old from ai.conversations as c where c.instance_id = v_instance_id for no key update;
    v_new := jsonb_populate_record(v_old, p_fields);
    update ai.conversations as c
    set
      title = v_new.title,
      agent_id = v_new.agent_id,
      run_id = v_new.run_id,
      project_id = v_new.project_id,
      tags = v_new.tags,
      metadata = v_new.metadata,
      updated_at = clock_timestamp()
    where c.instance_id = v_instance_id and v_new is distinct from v_old;
  end if;
  return ai.get_conversation(p_instance_id => v_instance_id);
exception when check_violation then
  get stacked diagnostics v_constraint = constraint_name;
  raise exception using
    errcode = 'PT400', message = 'a field has a value that it cannot have', constraint = 'invalid_field',
    detail = v_constraint, hint = 'an instance_id has 1 to 255 characters, another id at most 255, a title at most 500';
end
$$;
comment on function ai.save_conversation(text, jsonb) is
'Makes a conversation, or changes what is given of one; safe to repeat with its id. Errors: PT400, PT413 field_limit';
alter function ai.save_conversation(text, jsonb) owner to pylayer_api;
revoke all on function ai.save_conversation(text, jsonb) from public;
grant execute on function ai.save_conversation(text, jsonb) to pylayer_agent;
