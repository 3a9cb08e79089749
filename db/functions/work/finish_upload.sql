-- Takes an attempt out of the state open, and drops what it carried for the version.
--
-- Parameters: p_upload_id; p_state, what became of it; p_result_version, what commit returned, else null.
-- Tables:     work.artifact_uploads (updated; the caller has locked the row).
create or replace function work.finish_upload(
  p_upload_id text, p_state work.upload_state, p_result_version integer
) returns void
language sql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
  update work.artifact_uploads as u
  set state = p_state, result_version = p_result_version, finished_at = clock_timestamp(),
    preview_text = null, extracted_fields = null, tags = null
  where u.upload_id = p_upload_id
$$;
comment on function work.finish_upload(text, work.upload_state, integer) is 'Takes an attempt out of the state open';
alter function work.finish_upload(text, work.upload_state, integer) owner to pylayer_api;
revoke all on function work.finish_upload(text, work.upload_state, integer) from public;
