-- Makes a conversation. What is said of it here never changes.
--
-- Parameters:
--   p_instance_id  identity, 1 to 255 characters; null makes a ULID
--   p_title        what it is about, at most 500 characters
--   p_agent_id     agent that it is held with, at most 255 characters
--   p_run_id, p_project_id  what it belongs to, at most 255 characters each
--   p_tags         object or array to search by containment
--   p_metadata     object; with tags at most 256 KiB
-- Returns: one row: the conversation; created is false when it was there.
-- Errors:  PT400 invalid_conversation; PT409 conversation_exists: the id belongs to one of which something else was said.
-- Tables:  ai.conversations (inserted).
-- Repeat:  safe with p_instance_id and the same values.
create or replace function ai.create_conversation(
  p_instance_id text default null,
  p_title text default null,
  p_agent_id text default null,
  p_run_id text default null,
  p_project_id text default null,
  p_tags jsonb default null,
  p_metadata jsonb default null
) returns table (
  instance_id text,
  title text,
  agent_id text,
  run_id text,
  project_id text,
  tags jsonb,
  metadata jsonb,
  message_count bigint,
  created_at timestamptz,
  updated_at timestamptz,
  created boolean
)
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the table
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_instance_id text := coalesce(p_instance_id, core.new_ulid());
  v_created boolean;
begin
  perform ai.check_conversation(
    p_instance_id => v_instance_id, p_title => p_title, p_agent_id => p_agent_id, p_run_id => p_run_id,
    p_project_id => p_project_id, p_tags => p_tags, p_metadata => p_metadata
  );
  insert into ai.conversations (instance_id, title, agent_id, run_id, project_id, tags, metadata)
  values (v_instance_id, p_title, p_agent_id, p_run_id, p_project_id, p_tags, p_metadata)
  on conflict do nothing;
  v_created := found;
  -- A statement of its own sees the row that a session committed while the one above waited for it.
  return query
  select
    c.instance_id, c.title, c.agent_id, c.run_id, c.project_id, c.tags, c.metadata, c.message_count, c.created_at,
    c.updated_at, v_created
  from ai.conversations as c
  where c.instance_id = v_instance_id
    and (c.title, c.agent_id, c.run_id, c.project_id, c.tags, c.metadata)
    is not distinct from (p_title, p_agent_id, p_run_id, p_project_id, p_tags, p_metadata);
  if not found then
    raise exception using
      errcode = 'PT409', message = 'there is another conversation with this id', constraint = 'conversation_exists',
      detail = v_instance_id, hint = 'ai.get_conversation shows it; what is said of a conversation never changes';
  end if;
end
$$;
comment on function ai.create_conversation(text, text, text, text, text, jsonb, jsonb) is
'Makes a conversation; safe to repeat with its id. Errors: PT400 invalid_conversation, PT409 conversation_exists';
alter function ai.create_conversation(text, text, text, text, text, jsonb, jsonb) owner to pylayer_api;
revoke all on function ai.create_conversation(text, text, text, text, text, jsonb, jsonb) from public;
grant execute on function ai.create_conversation(text, text, text, text, text, jsonb, jsonb) to pylayer_agent;
