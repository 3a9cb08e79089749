-- Users by id, as functions return them; those that count as removed are left out.
--
-- Parameters: p_user_ids.
-- Returns:    one row a user, in no order.
-- Tables:     iam.users (read).
create or replace function iam.user_rows(p_user_ids text[]) returns setof iam.user_info
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select
    u.user_id::text,
    u.username,
    u.display_name,
    u.email,
    u.is_service_account,
    u.github_login,
    u.github_node_id,
    u.preferences,
    u.metadata,
    u.created_at,
    u.updated_at
  from iam.users as u
  where u.user_id = any(p_user_ids) and u.deleted_at is null
$$;
comment on function iam.user_rows(text[]) is
'Users by id, as functions return them, without those that count as removed';
alter function iam.user_rows(text[]) owner to pylayer_api;
revoke all on function iam.user_rows(text[]) from public;
