-- Refuses malformed facts of a conversation before anything is written. Null is not checked.
--
-- Parameters: as in ai.create_conversation.
-- Errors:     PT400 invalid_conversation, with the name of the parameter in the detail.
create or replace function ai.check_conversation(
  p_instance_id text, p_title text, p_agent_id text, p_run_id text, p_project_id text, p_tags jsonb, p_metadata jsonb
) returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_wrong text := case
    when length(p_instance_id) not between 1 and 255 then 'instance_id'
    when length(p_title) > 500 then 'title'
    when length(p_agent_id) > 255 then 'agent_id'
    when length(p_run_id) > 255 then 'run_id'
    when length(p_project_id) > 255 then 'project_id'
    when jsonb_typeof(p_tags) not in ('object', 'array') then 'tags'
    when jsonb_typeof(p_metadata) <> 'object' then 'metadata'
    when octet_length(concat(p_tags, p_metadata)) > 262144 then 'tags and metadata, of more than 256 KiB'
  end;
begin
  if v_wrong is not null then
    raise exception using
      errcode = 'PT400', message = 'the conversation is malformed', constraint = 'invalid_conversation',
      detail = v_wrong,
      hint = 'instance_id has 1 to 255 characters, agent_id, run_id and project_id at most 255, title at most 500; '
        'tags is an object or array, metadata an object';
  end if;
end
$$;
comment on function ai.check_conversation(text, text, text, text, text, jsonb, jsonb) is
'Refuses malformed facts of a conversation';
alter function ai.check_conversation(text, text, text, text, text, jsonb, jsonb) owner to pylayer_api;
revoke all on function ai.check_conversation(text, text, text, text, text, jsonb, jsonb) from public;
