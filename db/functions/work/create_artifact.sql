-- Makes an artifact with a first version of inline content, or a further version of one that exists.
--
-- Parameters:
--   p_type              kind of artifact: a lower-case letter, then up to 62 of a-z, 0-9, _, . and -
--   p_content           text of at most core.settings.inline_limit_bytes bytes
--   p_mime_type         mime type; JSON is kept as a document too
--   p_artifact_id       ULID; null makes a new one
--   p_expected_version  latest version that the caller expects, 0 for none; null writes in any case
--   p_content_hash      sha256 of the content, hex, checked when given
--   p_preview_text      first look at the content, at most 256 KiB
--   p_extracted_fields  fields taken out of the content: an object of at most 256 KiB
--   p_tags, p_owner_item_id, p_owner_run_id, p_project_id  of the artifact; when it exists, those given replace its own
-- Returns: the version; when the latest has the same bytes, that one with created = false.
-- Errors:  PT400 missing_content, invalid_json, invalid_content_hash, invalid_artifact_id, invalid_type, invalid_mime_type,
--          invalid_extracted_fields, invalid_tags, invalid_owner; PT409 type_mismatch, stale_version, hash_mismatch;
--          PT413 inline_limit, metadata_limit.
-- Tables:  core.settings (read), work.artifacts (row locked), work.artifact_versions (inserted), in this order.
-- Repeat:  safe with an artifact_id and without p_expected_version.
create or replace function work.create_artifact(
  p_type text,
  p_content text,
  p_mime_type text default 'text/plain',
  p_artifact_id text default null,
  p_expected_version integer default null,
  p_content_hash text default null,
  p_preview_text text default null,
  p_extracted_fields jsonb default null,
  p_tags jsonb default null,
  p_owner_item_id text default null,
  p_owner_run_id text default null,
  p_project_id text default null
) returns work.version_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
begin
  return work.write_inline(
    p_artifact_id => p_artifact_id, p_type => coalesce(p_type, ''), p_content => p_content,
    p_mime_type => coalesce(p_mime_type, 'text/plain'), p_expected_version => p_expected_version,
    p_content_hash => p_content_hash, p_preview_text => p_preview_text, p_extracted_fields => p_extracted_fields,
    p_tags => p_tags, p_owner_item_id => p_owner_item_id, p_owner_run_id => p_owner_run_id, p_project_id => p_project_id
  );
end
$$;
comment on function work.create_artifact(
  text, text, text, text, integer, text, text, jsonb, jsonb, text, text, text
) is
'Makes an artifact with inline content, or its next version. Errors: PT400, PT409 type_mismatch, stale_version, hash_mismatch, PT413 inline_limit';
alter function work.create_artifact(
  text, text, text, text, integer, text, text, jsonb, jsonb, text, text, text
) owner to pylayer_api;
revoke all on function work.create_artifact(
  text, text, text, text, integer, text, text, jsonb, jsonb, text, text, text
) from public;
grant execute on function work.create_artifact(
  text, text, text, text, integer, text, text, jsonb, jsonb, text, text, text
) to pylayer_agent;
