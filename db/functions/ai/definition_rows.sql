-- Versions of definitions of agents by id, as functions return them.
--
-- Parameters: p_definition_ids.
-- Returns:    one row a version, in no order.
-- Tables:     ai.agent_definitions (read).
create or replace function ai.definition_rows(p_definition_ids text[]) returns setof ai.agent_definition_info
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select
    d.definition_id::text,
    d.name,
    d.version,
    d.role,
    d.description,
    d.provider,
    d.model,
    d.system_prompt,
    d.capabilities,
    d.tools,
    d.config,
    d.budget,
    d.tags,
    d.metadata,
    d.created_at
  from ai.agent_definitions as d
  where d.definition_id = any(p_definition_ids)
$$;
comment on function ai.definition_rows(text[]) is 'Versions of definitions of agents by id, as functions return them';
alter function ai.definition_rows(text[]) owner to pylayer_api;
revoke all on function ai.definition_rows(text[]) from public;
