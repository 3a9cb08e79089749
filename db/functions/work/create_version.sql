-- Makes the next version of an artifact with inline content. Concurrent writers get consecutive versions.
--
-- Parameters:
--   p_artifact_id       ULID of an artifact with at least one version
--   p_content           text of at most core.settings.inline_limit_bytes bytes
--   p_mime_type         mime type; null is that of the latest version
--   p_expected_version  latest version that the caller expects; null writes in any case
--   p_content_hash      sha256 of the content, hex, checked when given
--   p_preview_text      first look at the content, at most 256 KiB
--   p_extracted_fields  fields taken out of the content: an object of at most 256 KiB
-- Returns: the version; when the latest has the same bytes, that one with created = false.
-- Errors:  PT400 missing_content, invalid_json, invalid_content_hash, invalid_artifact_id, invalid_mime_type,
--          invalid_extracted_fields; PT404 no_artifact; PT409 stale_version, hash_mismatch; PT413 inline_limit, metadata_limit.
-- Tables:  core.settings (read), work.artifacts (row locked), work.artifact_versions (inserted), in this order.
-- Repeat:  safe without p_expected_version.
create or replace function work.create_version(
  p_artifact_id text,
  p_content text,
  p_mime_type text default null,
  p_expected_version integer default null,
  p_content_hash text default null,
  p_preview_text text default null,
  p_extracted_fields jsonb default null
) returns work.version_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
begin
  return work.write_inline(
    p_artifact_id => coalesce(p_artifact_id, ''), p_type => null, p_content => p_content, p_mime_type => p_mime_type,
    p_expected_version => p_expected_version, p_content_hash => p_content_hash, p_preview_text => p_preview_text,
    p_extracted_fields => p_extracted_fields, p_tags => null, p_owner_item_id => null, p_owner_run_id => null,
    p_project_id => null
  );
end
$$;
comment on function work.create_version(text, text, text, integer, text, text, jsonb) is
'Makes the next version of an artifact with inline content. Errors: PT400, PT404 no_artifact, PT409 stale_version, hash_mismatch, PT413 inline_limit';
alter function work.create_version(text, text, text, integer, text, text, jsonb) owner to pylayer_api;
revoke all on function work.create_version(text, text, text, integer, text, text, jsonb) from public;
grant execute on function work.create_version(text, text, text, integer, text, text, jsonb) to pylayer_agent;
