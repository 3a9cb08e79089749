-- Items, newest first, page by page.
--
-- Parameters:
--   p_project_id, p_item_type, p_state, p_user_id, p_agent_id  equal to; null is any
--   p_open   only those in a state that is not final (true), or that is (false); null is any
--   p_tags   contained in the item's tags; null is any
--   p_limit  most rows, 1 to 1000
--   p_after  item_id that ended the previous page; null is the first page
-- Returns: the items, newest first (created_at, then item_id).
-- Errors:  PT400 invalid_limit; PT404 no_item (p_after).
-- Tables:  work.items, work.item_dependencies (read).
create or replace function work.list_items(
  p_project_id text default null,
  p_item_type text default null,
  p_state text default null,
  p_open boolean default null,
  p_user_id text default null,
  p_agent_id text default null,
  p_tags jsonb default null,
  p_limit integer default 100,
  p_after text default null
) returns setof work.item_info
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan  -- so that an absent filter is no condition, and a given one finds its index
as $$
declare
  v_after timestamptz;
  v_page text[];
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  if p_after is not null then
    select i.created_at into v_after from work.items as i where i.item_id = p_after;
    if not found then
      perform work.refuse_missing_item(p_item_id => p_after);
    end if;
  end if;
  select array_agg(p.item_id) into v_page from (
    select i.item_id from work.items as i
    where i.deleted_at is null
      and (p_project_id is null or i.project_id = p_project_id)
      and (p_item_type is null or i.item_type = p_item_type)
      and (p_state is null or i.state = p_state)
      and (p_open is null or not p_open or i.closed_at is null)
      and (p_open is null or p_open or i.closed_at is not null)
      and (p_user_id is null or i.assigned_user_id = p_user_id)
      and (p_agent_id is null or i.assigned_agent_id = p_agent_id)
      and (p_tags is null or i.tags @> p_tags)
      and (p_after is null or (i.created_at, i.item_id) < (v_after, p_after))
    order by i.created_at desc, i.item_id desc
    limit p_limit
  ) as p;
  return query
  select
    r.item_id, r.project_id, r.item_type, r.title, r.description, r.priority, r.state, r.state_seq, r.state_since,
    r.closed_at, r.version, r.assigned_user_id, r.assigned_agent_id, r.depends_on, r.github_repository, r.github_number,
    r.github_node_id, r.github_url, r.ai_analysis, r.ai_suggestions, r.tags, r.metadata, r.created_by, r.run_id,
    r.created_at, r.updated_at
  from work.item_rows(p_item_ids => v_page) as r
  order by r.created_at desc, r.item_id collate "C" desc;
end
$$;
comment on function work.list_items(text, text, text, boolean, text, text, jsonb, integer, text) is
'Items, newest first, in keyset pages. Errors: PT400 invalid_limit, PT404 no_item';
alter function work.list_items(text, text, text, boolean, text, text, jsonb, integer, text) owner to pylayer_api;
revoke all on function work.list_items(text, text, text, boolean, text, text, jsonb, integer, text) from public;
grant execute on function work.list_items(
  text, text, text, boolean, text, text, jsonb, integer, text
) to pylayer_agent, pylayer_analyst, pylayer_auditor;
