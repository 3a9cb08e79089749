-- The key of a version's object. One version, one key: no two attempts ever share an object.
--
-- Parameters: p_type, p_artifact_id, p_version, p_content_hash (sha256, hex), p_mime_type, which gives the extension.
-- Returns:    artifacts/{type}/{artifact_id}/v{version}/{content_hash}.{ext}; ext is bin for a mime type not listed here.
create or replace function work.artifact_storage_key(
  p_type text, p_artifact_id text, p_version integer, p_content_hash text, p_mime_type text
) returns text
language sql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select 'artifacts/' || p_type || '/' || p_artifact_id || '/v' || p_version || '/' || p_content_hash || '.'
    || case rtrim(lower(split_part(p_mime_type, ';', 1)))
      when 'text/markdown' then 'md'
      when 'text/plain' then 'txt'
      when 'text/html' then 'html'
      when 'text/css' then 'css'
      when 'text/csv' then 'csv'
      when 'text/tab-separated-values' then 'tsv'
      when 'text/xml' then 'xml'
      when 'text/yaml' then 'yaml'
      when 'text/javascript' then 'js'
      when 'text/x-python' then 'py'
      when 'text/x-diff' then 'diff'
      when 'text/json' then 'json'
      when 'application/json' then 'json'
      when 'application/ld+json' then 'jsonld'
      when 'application/geo+json' then 'geojson'
      when 'application/jsonl' then 'jsonl'
      when 'application/x-jsonlines' then 'jsonl'
      when 'application/x-ndjson' then 'jsonl'
      when 'application/xml' then 'xml'
      when 'application/yaml' then 'yaml'
      when 'application/x-yaml' then 'yaml'
      when 'application/toml' then 'toml'
      when 'application/sql' then 'sql'
      when 'application/pdf' then 'pdf'
      when 'application/x-tar+gzip' then 'tar.gz'
      when 'application/x-gtar' then 'tar.gz'
      when 'application/x-tar' then 'tar'
      when 'application/gzip' then 'gz'
      when 'application/x-gzip' then 'gz'
      when 'application/zstd' then 'zst'
      when 'application/zip' then 'zip'
      when 'application/x-xz' then 'xz'
      when 'application/x-bzip2' then 'bz2'
      when 'application/x-7z-compressed' then '7z'
      when 'application/wasm' then 'wasm'
      when 'application/vnd.apache.parquet' then 'parquet'
      when 'application/x-parquet' then 'parquet'
      when 'application/vnd.apache.arrow.file' then 'arrow'
      when 'application/vnd.sqlite3' then 'sqlite3'
      when 'application/x-ipynb+json' then 'ipynb'
      when 'application/vnd.openxmlformats-officedocument.wordprocessingml.document' then 'docx'
      when 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet' then 'xlsx'
      when 'application/vnd.openxmlformats-officedocument.presentationml.presentation' then 'pptx'
      when 'image/png' then 'png'
      when 'image/jpeg' then 'jpg'
      when 'image/gif' then 'gif'
      when 'image/webp' then 'webp'
      when 'image/svg+xml' then 'svg'
      when 'audio/mpeg' then 'mp3'
      when 'audio/wav' then 'wav'
      when 'video/mp4' then 'mp4'
      when 'video/webm' then 'webm'
      else case when work.is_json_mime(p_mime_type => p_mime_type) then 'json' else 'bin' end
    end
$$;
comment on function work.artifact_storage_key(text, text, integer, text, text) is
'Key of a version''s object: artifacts/{type}/{artifact_id}/v{version}/{content_hash}.{ext}';
alter function work.artifact_storage_key(text, text, integer, text, text) owner to pylayer_api;
revoke all on function work.artifact_storage_key(text, text, integer, text, text) from public;
grant execute on function work.artifact_storage_key(text, text, integer, text, text)
to pylayer_admin, pylayer_agent, pylayer_analyst, pylayer_auditor;
