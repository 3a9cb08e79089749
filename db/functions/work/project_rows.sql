-- Projects by id, as functions return them; those that count as removed are left out.
--
-- Parameters: p_project_ids.
-- Returns:    one row a project, in no order.
-- Tables:     work.projects (read).
create or replace function work.project_rows(p_project_ids text[]) returns setof work.project_info
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select
    p.project_id,
    p.name,
    p.description,
    p.repository,
    p.default_branch,
    p.tech_stack,
    p.pr_merge_rate,
    p.test_coverage,
    p.tags,
    p.metadata,
    p.created_at,
    p.updated_at
  from work.projects as p
  where p.project_id = any(p_project_ids) and p.deleted_at is null
$$;
comment on function work.project_rows(text[]) is
'Projects by id, as functions return them, without those that count as removed';
alter function work.project_rows(text[]) owner to pylayer_api;
revoke all on function work.project_rows(text[]) from public;
