-- Attempts whose object and open multipart parts are to be deleted from object storage: aborted ones, those whose bytes
-- turned out to be stored already, and open ones past expires_at, which this call marks as expired. Each comes at once
-- and then again every hour until work.record_upload_cleanup removes it, because a writer that was given up may still be
-- sending. Only attempts that can never become a version are returned, and no other version has their key.
--
-- Parameters: p_limit, most attempts to return, 1 to 10000.
-- Returns:    upload_id, storage_key; those never cleaned first.
-- Errors:     PT400 invalid_limit.
-- Tables:     work.artifact_uploads (rows locked, those in use skipped; updated). It waits for no lock, so the order
--             artifact, upload of the others does not bind it.
-- Repeat:     safe.
create or replace function work.expired_uploads(p_limit integer default 100)
returns table (upload_id text, storage_key text)
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 10000);
  perform work.finish_upload(p_upload_id => due.upload_id, p_state => 'expired', p_result_version => null)
  from (
    select u.upload_id from work.artifact_uploads as u
    where u.state = 'open' and u.expires_at <= clock_timestamp()
    order by u.expires_at
    limit p_limit
    for update skip locked
  ) as due;
  return query
  select u.upload_id::text, u.storage_key from work.artifact_uploads as u
  where u.state in ('unchanged', 'aborted', 'expired')
    and (u.cleaned_at is null or u.cleaned_at <= clock_timestamp() - interval '1 hour')
  order by u.cleaned_at nulls first, u.upload_id
  limit p_limit;
end
$$;
comment on function work.expired_uploads(integer) is
'Attempts whose leftovers in object storage are to be deleted now; marks open ones past their time as expired';
alter function work.expired_uploads(integer) owner to pylayer_api;
revoke all on function work.expired_uploads(integer) from public;
grant execute on function work.expired_uploads(integer) to pylayer_admin;
