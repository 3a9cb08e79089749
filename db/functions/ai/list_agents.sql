-- Agents by id, page by page.
--
-- Parameters: p_status, p_project_id, equal to, null is any; p_limit, most rows, 1 to 1000; p_after, agent_id that ended the
--             previous page, null is the first page.
-- Returns:    the agents, by agent_id in byte order.
-- Errors:     PT400 invalid_limit.
-- Tables:     ai.agents (read).
create or replace function ai.list_agents(
  p_status text default null, p_project_id text default null, p_limit integer default 100, p_after text default null
) returns setof ai.agent_info
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the table
set search_path = pg_catalog, pg_temp
as $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  return query
  select
    r.agent_id, r.definition_id, r.name, r.status, r.project_id, r.config, r.budget, r.budget_used_usd, r.executions,
    r.successes, r.execution_ms_total, r.tokens_total, r.cost_usd_total, r.last_active_at, r.tags, r.metadata, r.created_at,
    r.updated_at
  from ai.agent_rows(p_agent_ids => array(
    select a.agent_id from ai.agents as a
    where a.deleted_at is null
      and a.agent_id > coalesce(p_after, '')
      and (p_status is null or a.status = p_status)
      and (p_project_id is null or a.project_id = p_project_id)
    order by a.agent_id
    limit p_limit
  )) as r
  order by r.agent_id collate "C";
end
$$;
comment on function ai.list_agents(text, text, integer, text) is
'Agents by id, in keyset pages. Errors: PT400 invalid_limit';
alter function ai.list_agents(text, text, integer, text) owner to pylayer_api;
revoke all on function ai.list_agents(text, text, integer, text) from public;
grant execute on function ai.list_agents(text, text, integer, text) to pylayer_agent, pylayer_analyst, pylayer_auditor;
