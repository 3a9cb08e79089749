-- Begins a write to object storage: reserves the version number and records the attempt and its key, before any byte
-- is sent. Commit this call on its own: the record must outlive whatever happens to the upload.
--
-- Parameters:
--   p_size_bytes, p_content_hash  size in bytes and sha256 (hex) of the content
--   p_mime_type         mime type; it gives the extension of the key
--   p_type              kind of artifact; null: the artifact must exist
--   p_artifact_id       ULID; null makes a new one
--   p_expected_version  latest version that the caller expects, 0 for none, checked here and at commit; null is any
--   p_preview_text, p_extracted_fields  of the version, at most 256 KiB each
--   p_tags, p_owner_item_id, p_owner_run_id, p_project_id  of the artifact; at commit, those given replace its own
-- Returns: one row. created false: the latest version has the same bytes; it is the one returned, upload_id is null.
--          Else send the bytes to storage_key, by a copy inside object storage when copy_from, a key with the same
--          bytes, is not null, and call work.commit_upload before expires_at.
-- Errors:  PT400 invalid_size, invalid_content_hash, invalid_artifact_id, invalid_type, invalid_mime_type,
--          invalid_extracted_fields, invalid_tags, invalid_owner; PT404 no_artifact; PT409 type_mismatch, stale_version;
--          PT413 metadata_limit; 55P03 the artifact is locked for over 10 seconds.
-- Tables:  work.artifacts (row locked), work.artifact_uploads (inserted), in this order; core.settings,
--          work.artifact_versions, work.artifact_tombstones (read).
-- Repeat:  safe: an attempt that is not committed leaves a gap in the numbers, nothing else.
create or replace function work.begin_upload(
  p_size_bytes bigint,
  p_content_hash text,
  p_mime_type text,
  p_type text default null,
  p_artifact_id text default null,
  p_expected_version integer default null,
  p_preview_text text default null,
  p_extracted_fields jsonb default null,
  p_tags jsonb default null,
  p_owner_item_id text default null,
  p_owner_run_id text default null,
  p_project_id text default null
) returns table (
  upload_id text,
  artifact_id text,
  version integer,
  storage_key text,
  copy_from text,
  expires_at timestamptz,
  created boolean
)
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
set lock_timeout = '10s'  -- a caller whose own open transaction holds the artifact would wait for ever
as $$
declare
  v_artifact record;
begin
  perform work.check_content_hash(p_content_hash => p_content_hash);
  perform work.check_artifact_fields(
    p_artifact_id => case when p_type is null then coalesce(p_artifact_id, '') else p_artifact_id end,
    p_type => p_type, p_mime_type => coalesce(p_mime_type, ''), p_preview_text => p_preview_text,
    p_extracted_fields => p_extracted_fields, p_tags => p_tags, p_owner_item_id => p_owner_item_id,
    p_owner_run_id => p_owner_run_id, p_project_id => p_project_id
  );
  if p_size_bytes is null or p_size_bytes < 0 then
    raise exception using
      errcode = 'PT400', message = 'size_bytes is not a size', constraint = 'invalid_size',
      detail = format('size_bytes %s', p_size_bytes),
      hint = 'send the number of bytes of the content';
  end if;
  artifact_id := coalesce(p_artifact_id, core.new_ulid());
  select l.type, l.latest_version, l.reserved_version, l.latest_content_hash into v_artifact
  from work.lock_artifact(
    p_artifact_id => artifact_id, p_type => p_type, p_expected_version => p_expected_version
  ) as l;

  if v_artifact.latest_content_hash = p_content_hash then
    perform work.set_artifact_fields(
      p_artifact_id => artifact_id, p_tags => p_tags, p_owner_item_id => p_owner_item_id,
      p_owner_run_id => p_owner_run_id, p_project_id => p_project_id
    );
    select v.version, v.storage_key into version, storage_key from work.artifact_versions as v
    where v.artifact_id = begin_upload.artifact_id and v.version = v_artifact.latest_version;
    created := false;
    return next;
    return;
  end if;

  upload_id := core.new_ulid();
  version := v_artifact.reserved_version + 1;
  storage_key := work.artifact_storage_key(
    p_type => v_artifact.type, p_artifact_id => artifact_id, p_version => version,
    p_content_hash => p_content_hash, p_mime_type => p_mime_type
  );
  created := true;
  update work.artifacts as a set reserved_version = begin_upload.version
  where a.artifact_id = begin_upload.artifact_id;
  insert into work.artifact_uploads as u (
    upload_id, artifact_id, version, expected_version, mime_type, size_bytes, content_hash, storage_key, preview_text,
    extracted_fields, tags, owner_item_id, owner_run_id, project_id, expires_at
  )
  select
    begin_upload.upload_id, begin_upload.artifact_id, begin_upload.version, p_expected_version, p_mime_type, p_size_bytes,
    p_content_hash, begin_upload.storage_key, p_preview_text, p_extracted_fields, p_tags, p_owner_item_id, p_owner_run_id,
    p_project_id, clock_timestamp() + s.upload_ttl
  from core.settings as s
  returning u.expires_at into expires_at;
  select v.storage_key into copy_from from work.artifact_versions as v
  where v.content_hash = p_content_hash
    and v.storage_backend = 's3'
    and v.size_bytes = p_size_bytes
    and not exists (
      select from work.artifact_tombstones as t where t.artifact_id = v.artifact_id and t.version = v.version
    )
  limit 1;
  return next;
end
$$;
comment on function work.begin_upload(
  bigint, text, text, text, text, integer, text, jsonb, jsonb, text, text, text
) is
'Reserves a version number and records an attempt to write its content to object storage. Errors: PT400, PT404 no_artifact, PT409 type_mismatch, stale_version';
alter function work.begin_upload(
  bigint, text, text, text, text, integer, text, jsonb, jsonb, text, text, text
) owner to pylayer_api;
revoke all on function work.begin_upload(
  bigint, text, text, text, text, integer, text, jsonb, jsonb, text, text, text
) from public;
grant execute on function work.begin_upload(
  bigint, text, text, text, text, integer, text, jsonb, jsonb, text, text, text
) to pylayer_agent;
