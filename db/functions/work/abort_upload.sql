-- Gives an upload up; maintenance deletes what it left in object storage. Its version number is never given out again.
--
-- Parameters: p_upload_id, from work.begin_upload.
-- Returns:    true when it was open, false when it had been aborted or had expired.
-- Errors:     PT404 no_upload; PT409 already_committed.
-- Tables:     work.artifacts (row locked), work.artifact_uploads (row locked, updated), in this order.
-- Repeat:     safe.
create or replace function work.abort_upload(p_upload_id text) returns boolean
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_upload work.artifact_uploads := work.lock_upload(p_upload_id => p_upload_id);
begin
  if v_upload.state in ('committed', 'unchanged') then
    raise exception using
      errcode = 'PT409', message = 'the upload is committed', constraint = 'already_committed',
      detail = format('upload %s, artifact %s, version %s', p_upload_id, v_upload.artifact_id, v_upload.result_version),
      hint = 'a version is never taken back; write another one';
  end if;
  if v_upload.state <> 'open' then
    return false;
  end if;
  perform work.finish_upload(p_upload_id => p_upload_id, p_state => 'aborted', p_result_version => null);
  return true;
end
$$;
comment on function work.abort_upload(text) is
'Gives an upload up; true when it was open. Errors: PT404 no_upload, PT409 already_committed';
alter function work.abort_upload(text) owner to pylayer_api;
revoke all on function work.abort_upload(text) from public;
grant execute on function work.abort_upload(text) to pylayer_agent;
