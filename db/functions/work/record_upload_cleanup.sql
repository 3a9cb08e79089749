-- Records that the leftovers of an attempt were deleted from object storage. Past expires_at + upload_grace it removes the
-- attempt. The artifact stays, also one that never got a version: it remembers which numbers were given out. Were its numbers
-- given out again, a new attempt could get the key of an old one, whose object a slow cleaner may be about to delete.
--
-- Parameters: p_upload_id, from work.expired_uploads.
-- Returns:    true; false when the attempt is gone already.
-- Errors:     PT409 upload_in_use: it is open or committed.
-- Tables:     work.artifacts (row locked), work.artifact_uploads (row locked, updated or deleted), in this order;
--             core.settings (read).
-- Repeat:     safe.
create or replace function work.record_upload_cleanup(p_upload_id text) returns boolean
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_upload work.artifact_uploads := work.lock_upload(p_upload_id => p_upload_id, p_missing_ok => true);
begin
  if v_upload.upload_id is null then
    return false;
  end if;
  if v_upload.state in ('open', 'committed') then
    raise exception using
      errcode = 'PT409', message = 'the upload is in use', constraint = 'upload_in_use',
      detail = format('upload %s, state %s', p_upload_id, v_upload.state),
      hint = 'clean only what work.expired_uploads returns';
  end if;
  if v_upload.expires_at + (select s.upload_grace from core.settings as s) > clock_timestamp() then
    update work.artifact_uploads as u set cleaned_at = clock_timestamp() where u.upload_id = p_upload_id;
    return true;
  end if;
  delete from work.artifact_uploads as u where u.upload_id = p_upload_id;
  return true;
end
$$;
comment on function work.record_upload_cleanup(text) is
'Records that leftovers of an attempt were deleted; after the grace period removes it. Errors: PT409 upload_in_use';
alter function work.record_upload_cleanup(text) owner to pylayer_api;
revoke all on function work.record_upload_cleanup(text) from public;
grant execute on function work.record_upload_cleanup(text) to pylayer_admin;
