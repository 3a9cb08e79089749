-- Makes the version of an upload whose object is stored completely.
--
-- Parameters: p_upload_id, from work.begin_upload.
-- Returns:    the version; created is true for the call that made it. When the latest version has got the same bytes in the
--             meantime, that one with created = false, and the attempt's own object is left to maintenance.
-- Errors:     PT404 no_upload; PT409 stale_version; PT410 upload_expired, upload_aborted.
-- Tables:     work.artifacts (row locked), work.artifact_uploads (row locked, updated), work.artifact_versions (inserted),
--             in this order.
-- Repeat:     safe: returns the same version with created = false.
create or replace function work.commit_upload(p_upload_id text) returns work.version_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_upload work.artifact_uploads := work.lock_upload(p_upload_id => p_upload_id);
  v_latest integer;
  v_latest_hash text;
  v_created boolean;
  v_result integer;
begin
  if v_upload.state in ('committed', 'unchanged') then
    return work.version_of(
      p_artifact_id => v_upload.artifact_id, p_version => v_upload.result_version, p_created => false
    );
  end if;
  if v_upload.state = 'aborted' then
    raise exception using
      errcode = 'PT410', message = 'the upload was aborted', constraint = 'upload_aborted', detail = p_upload_id,
      hint = 'begin another upload';
  end if;
  -- The clock decides, not the mark of maintenance: past it, the object may be deleted at any moment.
  if v_upload.state = 'expired' or v_upload.expires_at <= clock_timestamp() then
    raise exception using
      errcode = 'PT410', message = 'the upload has expired', constraint = 'upload_expired',
      detail = format('upload %s, expired at %s', p_upload_id, v_upload.expires_at),
      hint = 'begin another upload';
  end if;
  select a.latest_version, a.latest_content_hash into v_latest, v_latest_hash
  from work.artifacts as a
  where a.artifact_id = v_upload.artifact_id;
  perform work.check_expected_version(p_expected_version => v_upload.expected_version, p_latest_version => v_latest);

  v_created := v_latest_hash is distinct from v_upload.content_hash;
  v_result := v_latest;
  if v_created then
    insert into work.artifact_versions (
      artifact_id, version, mime_type, size_bytes, content_hash, storage_backend, storage_key, preview_text,
      extracted_fields
    ) values (
      v_upload.artifact_id, v_upload.version, v_upload.mime_type, v_upload.size_bytes, v_upload.content_hash, 's3',
      v_upload.storage_key, v_upload.preview_text, v_upload.extracted_fields
    );
    update work.artifacts as a
    set latest_version = v_upload.version, latest_content_hash = v_upload.content_hash
    where a.artifact_id = v_upload.artifact_id and a.latest_version < v_upload.version;
    v_result := v_upload.version;
  end if;
  perform work.set_artifact_fields(
    p_artifact_id => v_upload.artifact_id, p_tags => v_upload.tags, p_owner_item_id => v_upload.owner_item_id,
    p_owner_run_id => v_upload.owner_run_id, p_project_id => v_upload.project_id
  );
  perform work.finish_upload(
    p_upload_id => p_upload_id,
    p_state => case when v_created then 'committed'::work.upload_state else 'unchanged'::work.upload_state end,
    p_result_version => v_result
  );
  return work.version_of(p_artifact_id => v_upload.artifact_id, p_version => v_result, p_created => v_created);
end
$$;
comment on function work.commit_upload(text) is
'Makes the version of a finished upload; safe to repeat. Errors: PT404 no_upload, PT409 stale_version, PT410 upload_expired, upload_aborted';
alter function work.commit_upload(text) owner to pylayer_api;
revoke all on function work.commit_upload(text) from public;
grant execute on function work.commit_upload(text) to pylayer_agent;
