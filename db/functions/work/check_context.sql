-- Refuses an author or a correlation id of a change before anything is written. Null is not checked.
--
-- Parameters: p_actor, who does it, 1 to 200 characters; p_reason, why, at most 2000; p_run_id, p_workflow_name,
--             p_agent_role, 1 to 500 each.
-- Errors:     PT400 invalid_context.
create or replace function work.check_context(
  p_actor text,
  p_reason text default null,
  p_run_id text default null,
  p_workflow_name text default null,
  p_agent_role text default null
) returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if length(p_actor) not between 1 and 200
    or length(p_reason) > 2000
    or length(p_run_id) not between 1 and 500
    or length(p_workflow_name) not between 1 and 500
    or length(p_agent_role) not between 1 and 500
  then
    raise exception using
      errcode = 'PT400', message = 'an actor, reason or correlation id is empty or too long', constraint = 'invalid_context',
      detail = format(
        'characters: actor %s, reason %s, run_id %s, workflow_name %s, agent_role %s',
        length(p_actor), length(p_reason), length(p_run_id), length(p_workflow_name), length(p_agent_role)
      ),
      hint = 'leave out what is not known; at most 200 characters for the actor, 2000 for the reason, 500 for the others';
  end if;
end
$$;
comment on function work.check_context(text, text, text, text, text) is
'Refuses an actor, a reason or a correlation id that is empty or too long. Errors: PT400 invalid_context';
alter function work.check_context(text, text, text, text, text) owner to pylayer_api;
revoke all on function work.check_context(text, text, text, text, text) from public;
