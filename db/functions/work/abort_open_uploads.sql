-- Gives every open upload up: to be called once after the data came back from a backup, before anything writes. A backup holds
-- no bytes of uploads that were not committed, so none of them may become a version.
--
-- Returns: the number of uploads that were open.
-- Tables:  work.artifact_uploads (updated).
-- Repeat:  safe.
create or replace function work.abort_open_uploads() returns bigint
language sql volatile parallel unsafe security definer  -- definer on purpose: the admin holds no write right on the table
set search_path = pg_catalog, pg_temp
as $$
  with aborted as (
    select work.finish_upload(p_upload_id => u.upload_id, p_state => 'aborted', p_result_version => null)
    from work.artifact_uploads as u
    where u.state = 'open'
  )
  select count(*) from aborted
$$;
comment on function work.abort_open_uploads() is 'Gives every open upload up, after the data came back from a backup';
alter function work.abort_open_uploads() owner to pylayer_api;
revoke all on function work.abort_open_uploads() from public;
grant execute on function work.abort_open_uploads() to pylayer_admin;
