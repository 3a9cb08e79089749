-- Locks an attempt, its artifact first: the one order in which both are ever locked.
--
-- Parameters: p_upload_id; p_missing_ok, no error where there is none.
-- Returns:    the row of work.artifact_uploads, or null.
-- Errors:     PT404 no_upload.
-- Tables:     work.artifacts, work.artifact_uploads (rows locked until the end of the transaction), in this order.
create or replace function work.lock_upload(p_upload_id text, p_missing_ok boolean default false)
returns work.artifact_uploads
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_upload work.artifact_uploads;
begin
  perform from work.artifacts as a
  where a.artifact_id = (select u.artifact_id from work.artifact_uploads as u where u.upload_id = p_upload_id)
  for no key update;
  select u.* into v_upload from work.artifact_uploads as u where u.upload_id = p_upload_id for update;
  if not found and not p_missing_ok then
    raise exception using
      errcode = 'PT404', message = 'there is no such upload', constraint = 'no_upload',
      detail = format('upload %s', left(p_upload_id, 64)),
      hint = 'work.begin_upload makes one; maintenance removes those that were given up';
  end if;
  return v_upload;
end
$$;
comment on function work.lock_upload(text, boolean) is 'Locks an attempt and its artifact. Errors: PT404 no_upload';
alter function work.lock_upload(text, boolean) owner to pylayer_api;
revoke all on function work.lock_upload(text, boolean) from public;
