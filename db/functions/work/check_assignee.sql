-- Refuses a user or an agent that does not exist, or counts as removed. Null is not checked.
--
-- Parameters: p_user_id; p_agent_id.
-- Errors:     PT400 invalid_assignee: both; PT404 no_user, no_agent.
-- Tables:     iam.users, ai.agents (read).
create or replace function work.check_assignee(p_user_id text, p_agent_id text) returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if num_nonnulls(p_user_id, p_agent_id) > 1 then
    raise exception using
      errcode = 'PT400', message = 'a user and an agent at once', constraint = 'invalid_assignee',
      detail = format('user %s, agent %s', left(p_user_id, 64), left(p_agent_id, 100)), hint = 'name one of them';
  end if;
  if p_user_id is not null and not exists (
    select from iam.users as u where u.user_id = p_user_id and u.deleted_at is null
  ) then
    raise exception using
      errcode = 'PT404', message = 'there is no such user', constraint = 'no_user',
      detail = left(p_user_id, 64), hint = 'iam.list_users shows those that exist';
  end if;
  if p_agent_id is not null and not exists (
    select from ai.agents as a where a.agent_id = p_agent_id and a.deleted_at is null and a.status <> 'retired'
  ) then
    raise exception using
      errcode = 'PT404', message = 'there is no such agent, or it is retired', constraint = 'no_agent',
      detail = left(p_agent_id, 100), hint = 'ai.list_agents shows those that exist';
  end if;
end
$$;
comment on function work.check_assignee(text, text) is
'Refuses a user or agent that cannot be named. Errors: PT400 invalid_assignee, PT404 no_user, no_agent';
alter function work.check_assignee(text, text) owner to pylayer_api;
revoke all on function work.check_assignee(text, text) from public;
