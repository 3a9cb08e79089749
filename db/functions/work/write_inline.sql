-- Makes a version with inline content: the one body behind work.create_artifact and work.create_version.
--
-- An existing artifact costs one UPDATE, which locks the row, compares and numbers the version, and one INSERT.
-- Only when the UPDATE finds nothing to do does a second look, under the row lock, say why.
--
-- Parameters: as work.create_artifact; p_type null: the artifact must exist; p_mime_type null: that of the latest version.
-- Returns:    the new version, or the latest with created = false when it has the same bytes.
-- Errors:     as work.create_artifact; PT404 no_artifact.
-- Tables:     core.settings (read), work.artifacts (row locked), work.artifact_versions (inserted), in this order.
-- Repeat:     safe without p_expected_version, except that no artifact_id makes another artifact.
create or replace function work.write_inline(
  p_artifact_id text,
  p_type text,
  p_content text,
  p_mime_type text,
  p_expected_version integer,
  p_content_hash text,
  p_preview_text text,
  p_extracted_fields jsonb,
  p_tags jsonb,
  p_owner_item_id text,
  p_owner_run_id text,
  p_project_id text
) returns work.version_info
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_hash text := work.inline_content_hash(p_content => p_content, p_content_hash => p_content_hash);
  v_id text := coalesce(p_artifact_id, core.new_ulid());
  v_type text;
  v_mime_type text := p_mime_type;
  v_before integer;
  v_version integer;
  v_latest_hash text;
  v_opaque boolean := false;
  v_created_at timestamptz;
begin
  perform work.check_artifact_fields(
    p_artifact_id => p_artifact_id, p_type => p_type, p_mime_type => p_mime_type, p_preview_text => p_preview_text,
    p_extracted_fields => p_extracted_fields, p_tags => p_tags, p_owner_item_id => p_owner_item_id,
    p_owner_run_id => p_owner_run_id, p_project_id => p_project_id
  );
  loop
    if p_artifact_id is not null then
      update work.artifacts as a
      set
        reserved_version = a.reserved_version + 1,
        latest_version = a.reserved_version + 1,
        latest_content_hash = v_hash,
        tags = coalesce(p_tags, a.tags),
        owner_item_id = coalesce(p_owner_item_id, a.owner_item_id),
        owner_run_id = coalesce(p_owner_run_id, a.owner_run_id),
        project_id = coalesce(p_project_id, a.project_id)
      where a.artifact_id = p_artifact_id
        and case when p_type is null then a.latest_version > 0 else a.type = p_type end
        and (p_expected_version is null or a.latest_version = p_expected_version)
        and a.latest_content_hash is distinct from v_hash
      returning a.type, old.latest_version, new.latest_version into v_type, v_before, v_version;
      exit when found;
    end if;
    if p_type is not null and coalesce(p_expected_version, 0) = 0 then
      insert into work.artifacts as a (
        artifact_id, type, latest_version, reserved_version, latest_content_hash, tags, owner_item_id, owner_run_id,
        project_id
      ) values (v_id, p_type, 1, 1, v_hash, p_tags, p_owner_item_id, p_owner_run_id, p_project_id)
      on conflict do nothing
      returning a.type, a.latest_version into v_type, v_version;
      exit when found;
    end if;
    select l.latest_version, l.latest_content_hash into v_version, v_latest_hash
    from work.lock_artifact(
      p_artifact_id => v_id, p_type => p_type, p_expected_version => p_expected_version
    ) as l;
    if v_latest_hash = v_hash then
      perform work.set_artifact_fields(
        p_artifact_id => v_id, p_tags => p_tags, p_owner_item_id => p_owner_item_id,
        p_owner_run_id => p_owner_run_id, p_project_id => p_project_id
      );
      return work.version_of(p_artifact_id => v_id, p_version => v_version, p_created => false);
    end if;
    -- Nothing speaks against the write any more: what did has changed in the meantime.
  end loop;
  if v_mime_type is null then
    select v.mime_type into v_mime_type from work.artifact_versions as v
    where v.artifact_id = v_id and v.version = v_before;
  end if;
  if work.is_json_mime(p_mime_type => v_mime_type) then
    v_opaque := work.is_opaque_json(p_content => p_content);
  end if;
  insert into work.artifact_versions (
    artifact_id, version, mime_type, size_bytes, content_hash, storage_backend, inline_content_text, is_json_opaque,
    preview_text, extracted_fields
  ) values (
    v_id, v_version, v_mime_type, octet_length(p_content), v_hash, 'inline', p_content, v_opaque,
    p_preview_text, p_extracted_fields
  ) returning created_at into v_created_at;
  return row(
    v_id, v_version, v_type, v_mime_type, octet_length(p_content)::bigint, v_hash, 'inline'::work.storage_backend, null::text,
    p_preview_text, p_extracted_fields, true, v_created_at
  )::work.version_info;
end
$$;
comment on function work.write_inline(
  text, text, text, text, integer, text, text, jsonb, jsonb, text, text, text
) is 'Makes a version with inline content; the body of create_artifact and create_version';
alter function work.write_inline(
  text, text, text, text, integer, text, text, jsonb, jsonb, text, text, text
) owner to pylayer_api;
revoke all on function work.write_inline(
  text, text, text, text, integer, text, text, jsonb, jsonb, text, text, text
) from public;
