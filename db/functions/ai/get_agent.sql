-- An agent.
--
-- Parameters: p_agent_id.
-- Returns:    the agent, with what it used.
-- Errors:     PT404 no_agent.
-- Tables:     ai.agents (read).
create or replace function ai.get_agent(p_agent_id text) returns ai.agent_info
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the table
set search_path = pg_catalog, pg_temp
as $$
declare
  v_agent ai.agent_info;
begin
  select r.* into v_agent from ai.agent_rows(p_agent_ids => array[p_agent_id]) as r;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'there is no such agent', constraint = 'no_agent',
      detail = coalesce(left(p_agent_id, 100), 'null'), hint = 'ai.list_agents shows those that exist';
  end if;
  return v_agent;
end
$$;
comment on function ai.get_agent(text) is 'An agent, with what it used. Errors: PT404 no_agent';
alter function ai.get_agent(text) owner to pylayer_api;
revoke all on function ai.get_agent(text) from public;
grant execute on function ai.get_agent(text) to pylayer_agent, pylayer_analyst, pylayer_auditor;
