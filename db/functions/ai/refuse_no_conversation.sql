-- Refuses an instance_id that no conversation has.
--
-- Parameters: p_instance_id.
-- Errors:     PT404 no_conversation, always.
create or replace function ai.refuse_no_conversation(p_instance_id text) returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = 'PT404', message = 'there is no such conversation', constraint = 'no_conversation',
    detail = format('instance_id %s', coalesce(left(p_instance_id, 255), 'null')),
    hint = 'ai.save_conversation makes one; ai.list_conversations shows those that exist';
end
$$;
comment on function ai.refuse_no_conversation(text) is 'Raises the error of a conversation that was not found';
alter function ai.refuse_no_conversation(text) owner to pylayer_api;
revoke all on function ai.refuse_no_conversation(text) from public;
