-- Decisions as functions return them.
--
-- Parameters: p_decision_ids.
-- Returns:    one row a decision, in no order; superseded_by_id is the one that holds instead.
-- Tables:     work.decisions (read).
create or replace function work.decision_rows(p_decision_ids text[]) returns setof work.decision_info
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select
    d.decision_id::text,
    d.project_id,
    d.item_id,
    d.title,
    d.decision,
    d.rationale,
    d.alternatives,
    d.supersedes_id::text,
    n.decision_id::text,
    d.decided_by,
    d.run_id,
    d.decided_at
  from work.decisions as d
  left join work.decisions as n on n.supersedes_id = d.decision_id
  where d.decision_id = any(p_decision_ids)
$$;
comment on function work.decision_rows(text[]) is 'Decisions by id, as functions return them';
alter function work.decision_rows(text[]) owner to pylayer_api;
revoke all on function work.decision_rows(text[]) from public;
