-- The latest version of each definition of agents, by name, page by page.
--
-- Parameters: p_limit, most rows, 1 to 1000; p_after, name that ended the previous page, null is the first page.
-- Returns:    the versions, by name in byte order.
-- Errors:     PT400 invalid_limit.
-- Tables:     ai.agent_definitions (read).
create or replace function ai.list_agent_definitions(p_limit integer default 100, p_after text default null)
returns setof ai.agent_definition_info
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the table
set search_path = pg_catalog, pg_temp
as $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  return query
  select
    r.definition_id, r.name, r.version, r.role, r.description, r.provider, r.model, r.system_prompt, r.capabilities,
    r.tools, r.config, r.budget, r.tags, r.metadata, r.created_at
  from ai.definition_rows(p_definition_ids => array(
    select distinct on (d.name) d.definition_id::text from ai.agent_definitions as d
    where d.name > coalesce(p_after, '')
    order by d.name, d.version desc
    limit p_limit
  )) as r
  order by r.name collate "C";
end
$$;
comment on function ai.list_agent_definitions(integer, text) is
'The latest version of each definition of agents, in keyset pages. Errors: PT400 invalid_limit';
alter function ai.list_agent_definitions(integer, text) owner to pylayer_api;
revoke all on function ai.list_agent_definitions(integer, text) from public;
grant execute on function ai.list_agent_definitions(integer, text) to pylayer_agent, pylayer_analyst, pylayer_auditor;
