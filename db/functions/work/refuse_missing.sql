-- Says why an artifact or a version was not found.
--
-- Parameters: p_artifact_id; p_version, null for the latest.
-- Errors:     always one of PT400 invalid_artifact_id, PT404 no_artifact, PT404 no_version.
-- Tables:     work.artifacts (read).
create or replace function work.refuse_missing(p_artifact_id text, p_version integer) returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_latest integer;
begin
  perform work.check_artifact_fields(
    p_artifact_id => coalesce(p_artifact_id, ''), p_type => null, p_mime_type => null, p_preview_text => null,
    p_extracted_fields => null, p_tags => null, p_owner_item_id => null, p_owner_run_id => null, p_project_id => null
  );
  select a.latest_version into v_latest from work.artifacts as a
  where a.artifact_id = p_artifact_id and a.latest_version > 0;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'there is no such artifact', constraint = 'no_artifact', detail = p_artifact_id,
      hint = 'work.create_artifact makes one; work.list_artifacts shows those that exist';
  end if;
  raise exception using
    errcode = 'PT404', message = 'the artifact has no such version', constraint = 'no_version',
    detail = format('artifact %s, version %s, latest %s', p_artifact_id, p_version, v_latest),
    hint = 'leave the version out for the latest; work.list_versions shows those that exist';
end
$$;
comment on function work.refuse_missing(text, integer) is 'Raises the error of an artifact or version that was not found';
alter function work.refuse_missing(text, integer) owner to pylayer_api;
revoke all on function work.refuse_missing(text, integer) from public;
