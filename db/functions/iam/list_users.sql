-- Users by username, page by page.
--
-- Parameters: p_limit, most rows, 1 to 1000; p_after, username that ended the previous page, null is the first page.
-- Returns:    the users, by username in byte order.
-- Errors:     PT400 invalid_limit.
-- Tables:     iam.users (read).
create or replace function iam.list_users(p_limit integer default 100, p_after text default null)
returns setof iam.user_info
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the table
set search_path = pg_catalog, pg_temp
as $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  return query
  select
    r.user_id, r.username, r.display_name, r.email, r.is_service_account, r.github_login, r.github_node_id, r.preferences,
    r.metadata, r.created_at, r.updated_at
  from iam.user_rows(p_user_ids => array(
    select u.user_id::text from iam.users as u
    where u.deleted_at is null and u.username > coalesce(p_after, '')
    order by u.username
    limit p_limit
  )) as r
  order by r.username collate "C";
end
$$;
comment on function iam.list_users(integer, text) is 'Users by username, in keyset pages. Errors: PT400 invalid_limit';
alter function iam.list_users(integer, text) owner to pylayer_api;
revoke all on function iam.list_users(integer, text) from public;
grant execute on function iam.list_users(integer, text) to pylayer_agent, pylayer_analyst, pylayer_auditor;
