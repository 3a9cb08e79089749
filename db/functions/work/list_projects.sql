-- Projects by id, page by page.
--
-- Parameters: p_limit, most rows, 1 to 1000; p_after, project_id that ended the previous page, null is the first page.
-- Returns:    the projects, by project_id in byte order.
-- Errors:     PT400 invalid_limit.
-- Tables:     work.projects (read).
create or replace function work.list_projects(p_limit integer default 100, p_after text default null)
returns setof work.project_info
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  return query
  select
    r.project_id, r.name, r.description, r.repository, r.default_branch, r.tech_stack, r.pr_merge_rate, r.test_coverage,
    r.tags, r.metadata, r.created_at, r.updated_at
  from work.project_rows(p_project_ids => array(
    select p.project_id from work.projects as p
    where p.deleted_at is null and p.project_id > coalesce(p_after, '')
    order by p.project_id
    limit p_limit
  )) as r
  order by r.project_id collate "C";
end
$$;
comment on function work.list_projects(integer, text) is
'Projects by id, in keyset pages. Errors: PT400 invalid_limit';
alter function work.list_projects(integer, text) owner to pylayer_api;
revoke all on function work.list_projects(integer, text) from public;
grant execute on function work.list_projects(integer, text) to pylayer_agent, pylayer_analyst, pylayer_auditor;
