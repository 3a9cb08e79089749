-- A user.
--
-- Parameters: p_user, its id or its username.
-- Returns:    the user.
-- Errors:     PT404 no_user.
-- Tables:     iam.users (read).
create or replace function iam.get_user(p_user text) returns iam.user_info
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the table
set search_path = pg_catalog, pg_temp
as $$
declare
  v_user iam.user_info;
begin
  select r.* into v_user
  from iam.user_rows(p_user_ids => array(
    select u.user_id::text from iam.users as u where u.user_id = p_user or u.username = p_user
  )) as r
  order by r.user_id = p_user desc
  limit 1;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'there is no such user', constraint = 'no_user',
      detail = coalesce(left(p_user, 64), 'null'), hint = 'iam.list_users shows those that exist';
  end if;
  return v_user;
end
$$;
comment on function iam.get_user(text) is 'A user, by id or username. Errors: PT404 no_user';
alter function iam.get_user(text) owner to pylayer_api;
revoke all on function iam.get_user(text) from public;
grant execute on function iam.get_user(text) to pylayer_agent, pylayer_analyst, pylayer_auditor;
