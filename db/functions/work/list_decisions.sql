-- Decisions, newest first, page by page.
--
-- Parameters: p_item_id, p_project_id, equal to, null is any; p_holds, only those that no other supersedes; p_limit, most
--             rows, 1 to 1000; p_after, decision_id that ended the previous page, null is the first page.
-- Returns:    the decisions, newest first (decided_at, then decision_id).
-- Errors:     PT400 invalid_limit; PT404 no_decision (p_after).
-- Tables:     work.decisions (read).
create or replace function work.list_decisions(
  p_item_id text default null,
  p_project_id text default null,
  p_holds boolean default false,
  p_limit integer default 100,
  p_after text default null
) returns setof work.decision_info
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
    select d.decided_at into v_after from work.decisions as d where d.decision_id = p_after;
    if not found then
      raise exception using
        errcode = 'PT404', message = 'there is no such decision', constraint = 'no_decision',
        detail = left(p_after, 64), hint = 'begin with the first page';
    end if;
  end if;
  select array_agg(p.decision_id) into v_page from (
    select d.decision_id::text from work.decisions as d
    where (p_item_id is null or d.item_id = p_item_id)
      and (p_project_id is null or d.project_id = p_project_id)
      and (not coalesce(p_holds, false) or not exists (
        select from work.decisions as n where n.supersedes_id = d.decision_id
      ))
      and (p_after is null or (d.decided_at, d.decision_id) < (v_after, p_after))
    order by d.decided_at desc, d.decision_id desc
    limit p_limit
  ) as p;
  return query
  select
    r.decision_id, r.project_id, r.item_id, r.title, r.decision, r.rationale, r.alternatives, r.supersedes_id,
    r.superseded_by_id, r.decided_by, r.run_id, r.decided_at
  from work.decision_rows(p_decision_ids => v_page) as r
  order by r.decided_at desc, r.decision_id collate "C" desc;
end
$$;
comment on function work.list_decisions(text, text, boolean, integer, text) is
'Decisions, newest first, in keyset pages. Errors: PT400 invalid_limit, PT404 no_decision';
alter function work.list_decisions(text, text, boolean, integer, text) owner to pylayer_api;
revoke all on function work.list_decisions(text, text, boolean, integer, text) from public;
grant execute on function work.list_decisions(
  text, text, boolean, integer, text
) to pylayer_agent, pylayer_analyst, pylayer_auditor;
