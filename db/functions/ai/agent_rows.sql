-- Agents by id, as functions return them; those that count as removed are left out.
--
-- Parameters: p_agent_ids.
-- Returns:    one row an agent, in no order.
-- Tables:     ai.agents (read).
create or replace function ai.agent_rows(p_agent_ids text[]) returns setof ai.agent_info
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select
    a.agent_id,
    a.definition_id::text,
    a.name,
    a.status,
    a.project_id,
    a.config,
    a.budget,
    a.budget_used_usd,
    a.executions,
    a.successes,
    a.execution_ms_total,
    a.tokens_total,
    a.cost_usd_total,
    a.last_active_at,
    a.tags,
    a.metadata,
    a.created_at,
    a.updated_at
  from ai.agents as a
  where a.agent_id = any(p_agent_ids) and a.deleted_at is null
$$;
comment on function ai.agent_rows(text[]) is
'Agents by id, as functions return them, without those that count as removed';
alter function ai.agent_rows(text[]) owner to pylayer_api;
revoke all on function ai.agent_rows(text[]) from public;
