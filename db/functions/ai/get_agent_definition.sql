-- A version of a definition of agents.
--
-- Parameters: p_name; p_version, null is the latest.
-- Returns:    the version.
-- Errors:     PT404 no_definition.
-- Tables:     ai.agent_definitions (read).
create or replace function ai.get_agent_definition(p_name text, p_version integer default null)
returns ai.agent_definition_info
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the table
set search_path = pg_catalog, pg_temp
as $$
declare
  v_definition ai.agent_definition_info;
begin
  select r.* into v_definition
  from ai.definition_rows(p_definition_ids => array(
    select d.definition_id::text from ai.agent_definitions as d
    where d.name = p_name and (p_version is null or d.version = p_version)
    order by d.version desc
    limit 1
  )) as r;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'there is no such definition of agents', constraint = 'no_definition',
      detail = format('name %s, version %s', coalesce(left(p_name, 100), 'null'), coalesce(p_version::text, 'latest')),
      hint = 'ai.list_agent_definitions shows those that exist';
  end if;
  return v_definition;
end
$$;
comment on function ai.get_agent_definition(text, integer) is
'A version of a definition of agents; the latest without one. Errors: PT404 no_definition';
alter function ai.get_agent_definition(text, integer) owner to pylayer_api;
revoke all on function ai.get_agent_definition(text, integer) from public;
grant execute on function ai.get_agent_definition(text, integer) to pylayer_agent, pylayer_analyst, pylayer_auditor;
