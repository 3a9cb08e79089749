-- Refuses malformed facts of an artifact or a version before anything is written. Null is not checked.
--
-- Parameters: p_artifact_id, p_type, p_mime_type, p_preview_text, p_extracted_fields, p_tags, p_owner_item_id,
--             p_owner_run_id, p_project_id: as in work.create_artifact.
-- Errors:     PT400 invalid_artifact_id, invalid_type, invalid_mime_type, invalid_extracted_fields, invalid_tags,
--             invalid_owner; PT413 metadata_limit (preview_text, extracted_fields or tags over 256 KiB).
create or replace function work.check_artifact_fields(
  p_artifact_id text,
  p_type text,
  p_mime_type text,
  p_preview_text text,
  p_extracted_fields jsonb,
  p_tags jsonb,
  p_owner_item_id text,
  p_owner_run_id text,
  p_project_id text
) returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_artifact_id !~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$' then
    raise exception using
      errcode = 'PT400', message = 'artifact_id is not a ULID', constraint = 'invalid_artifact_id',
      detail = left(p_artifact_id, 64), hint = 'a ULID is 26 characters of upper-case Crockford base32';
  end if;
  if p_type !~ '^[a-z][a-z0-9_.-]{0,62}$' then
    raise exception using
      errcode = 'PT400', message = 'type is not a name', constraint = 'invalid_type', detail = left(p_type, 64),
      hint = 'use a lower-case letter, then up to 62 of a-z, 0-9, _, . and -';
  end if;
  if length(p_mime_type) > 255 or p_mime_type !~* '^[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+ *(;[ -~]*)?$' then
    raise exception using
      errcode = 'PT400', message = 'mime_type is not a mime type', constraint = 'invalid_mime_type',
      detail = left(p_mime_type, 64), hint = 'use a type such as text/markdown, of at most 255 characters';
  end if;
  if jsonb_typeof(p_extracted_fields) <> 'object' then
    raise exception using
      errcode = 'PT400', message = 'extracted_fields is not an object', constraint = 'invalid_extracted_fields',
      detail = jsonb_typeof(p_extracted_fields), hint = 'send a JSON object, or leave it out';
  end if;
  if jsonb_typeof(p_tags) not in ('object', 'array') then
    raise exception using
      errcode = 'PT400', message = 'tags is neither an object nor an array', constraint = 'invalid_tags',
      detail = jsonb_typeof(p_tags), hint = 'send a JSON object or array, or leave it out';
  end if;
  if greatest(length(p_owner_item_id), length(p_owner_run_id), length(p_project_id)) > 500 then
    raise exception using
      errcode = 'PT400', message = 'an id is too long', constraint = 'invalid_owner',
      detail = format(
        'characters: owner_item_id %s, owner_run_id %s, project_id %s',
        length(p_owner_item_id), length(p_owner_run_id), length(p_project_id)
      ),
      hint = 'owner_item_id, owner_run_id and project_id have at most 500 characters each';
  end if;
  if greatest(octet_length(p_preview_text), pg_column_size(p_extracted_fields), pg_column_size(p_tags)) > 262144 then
    raise exception using
      errcode = 'PT413', message = 'preview_text, extracted_fields or tags are too large', constraint = 'metadata_limit',
      detail = format(
        'bytes: preview_text %s, extracted_fields %s, tags %s, limit of each 262144',
        octet_length(p_preview_text), pg_column_size(p_extracted_fields), pg_column_size(p_tags)
      ),
      hint = 'keep what is large in the content';
  end if;
end
$$;
comment on function work.check_artifact_fields(text, text, text, text, jsonb, jsonb, text, text, text) is
'Refuses malformed facts of an artifact or version';
alter function work.check_artifact_fields(text, text, text, text, jsonb, jsonb, text, text, text) owner to pylayer_api;
revoke all on function work.check_artifact_fields(text, text, text, text, jsonb, jsonb, text, text, text) from public;
