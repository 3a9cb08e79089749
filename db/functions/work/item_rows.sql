-- Items by id, as functions return them; those that count as removed are left out, also of depends_on.
--
-- Parameters: p_item_ids.
-- Returns:    one row an item, in no order.
-- Tables:     work.items, work.item_dependencies (read).
create or replace function work.item_rows(p_item_ids text[]) returns setof work.item_info
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select
    i.item_id,
    i.project_id,
    i.item_type,
    i.title,
    i.description,
    i.priority,
    i.state,
    i.state_seq,
    i.state_since,
    i.closed_at,
    i.version,
    i.assigned_user_id::text,
    i.assigned_agent_id,
    array(
      select d.depends_on_item_id
      from work.item_dependencies as d
      inner join work.items as n on n.item_id = d.depends_on_item_id and n.deleted_at is null
      where d.item_id = i.item_id
      order by d.depends_on_item_id
    ),
    i.github_repository,
    i.github_number,
    i.github_node_id,
    i.github_url,
    i.ai_analysis,
    i.ai_suggestions,
    i.tags,
    i.metadata,
    i.created_by,
    i.run_id,
    i.created_at,
    i.updated_at
  from work.items as i
  where i.item_id = any(p_item_ids) and i.deleted_at is null
$$;
comment on function work.item_rows(text[]) is
'Items by id, as functions return them, without those that count as removed';
alter function work.item_rows(text[]) owner to pylayer_api;
revoke all on function work.item_rows(text[]) from public;
