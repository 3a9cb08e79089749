-- Makes a user, or changes what is given of one. No secret belongs here: whoever may read users reads all of it.
--
-- Parameters:
--   p_username  1 to 63 of a-z, 0-9, ., _ and -, the first a letter or digit; never changes
--   p_fields    a JSON object of display_name, email, is_service_account, github_login, github_node_id, preferences,
--               metadata; null in it clears a field
-- Returns: the user.
-- Errors:  PT400 invalid_fields, unknown_field, invalid_field; PT404 no_user (it was removed); PT409 user_taken (email or
--          node id is another user's); PT413 field_limit.
-- Tables:  iam.users (inserted, or row locked and updated).
-- Repeat:  safe.
create or replace function iam.save_user(p_username text, p_fields jsonb default '{}') returns iam.user_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: as the other writing functions
set search_path = pg_catalog, pg_temp
as $$
declare
  v_old iam.users;
  v_new iam.users;
  v_constraint text;
begin
  perform work.check_fields(p_fields => p_fields, p_types => '{
    "display_name": ["string", "null"], "email": ["string", "null"], "is_service_account": ["boolean"],
    "github_login": ["string", "null"], "github_node_id": ["string", "null"], "preferences": ["object", "null"],
    "metadata": ["object", "null"]
  }');
  insert into iam.users (username) values (coalesce(p_username, '')) on conflict do nothing;
  select u.* into v_old from iam.users as u where u.username = p_username and u.deleted_at is null for no key update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'the user was removed', constraint = 'no_user', detail = p_username,
      hint = 'take another username';
  end if;
  v_new := jsonb_populate_record(v_old, p_fields);
  update iam.users as u
  set
    display_name = v_new.display_name,
    email = v_new.email,
    is_service_account = v_new.is_service_account,
    github_login = v_new.github_login,
    github_node_id = v_new.github_node_id,
    preferences = v_new.preferences,
    metadata = v_new.metadata,
    updated_at = clock_timestamp()
  where u.user_id = v_old.user_id and v_new is distinct from v_old;
  return iam.get_user(p_user => v_old.user_id);
exception
  when check_violation then
    get stacked diagnostics v_constraint = constraint_name;
    raise exception using
      errcode = 'PT400', message = 'a field has a value that it cannot have', constraint = 'invalid_field',
      detail = v_constraint,
      hint = 'a username is 1 to 63 of a-z, 0-9, ., _ and -; an email has one @; names have at most 200 characters, logins 100';
  when unique_violation then
    get stacked diagnostics v_constraint = constraint_name;
    raise exception using
      errcode = 'PT409', message = 'another user has this email or node id', constraint = 'user_taken',
      detail = format('user %s, %s', p_username, v_constraint), hint = 'change that one, or give another value';
end
$$;
comment on function iam.save_user(text, jsonb) is
'Makes a user, or changes what is given of one; safe to repeat. Errors: PT400, PT404 no_user, PT409 user_taken, PT413 field_limit';
alter function iam.save_user(text, jsonb) owner to pylayer_api;
revoke all on function iam.save_user(text, jsonb) from public;
grant execute on function iam.save_user(text, jsonb) to pylayer_admin;
