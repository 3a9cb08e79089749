-- Records that an archive was read back whole, and what was found is what was recorded.
--
-- Parameters: p_month, any time within the month; p_rows, p_content_hash, p_rows_hash, p_min_event_id,
--             p_max_event_id, as found; the digest of the rows is not compared where none was recorded.
-- Returns:    when it was confirmed: now.
-- Errors:     PT404 no_archive; PT409 archive_differs.
-- Tables:     telemetry.archives (row updated).
-- Repeat:     safe.
create or replace function telemetry.confirm_archive(
  p_month timestamptz, p_rows bigint, p_content_hash text, p_rows_hash text, p_min_event_id text, p_max_event_id text
)
returns timestamptz
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: admins hold no right to write tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_known telemetry.archives;
begin
  select a.* into v_known from telemetry.archives as a where a.month = date_trunc('month', p_month, 'UTC') for update;
  if v_known.month is null then
    raise exception using
      errcode = 'PT404', message = 'there is no archive of this month', constraint = 'no_archive',
      detail = coalesce(p_month::text, 'null'), hint = 'telemetry.list_archives() lists them';
  elsif (p_rows, p_content_hash, p_rows_hash, p_min_event_id, p_max_event_id) is distinct from (
    v_known.rows, v_known.content_hash, coalesce(v_known.rows_hash, p_rows_hash), v_known.min_event_id::text,
    v_known.max_event_id::text
  ) then
    raise exception using
      errcode = 'PT409', message = 'the archive is not what was recorded', constraint = 'archive_differs',
      detail = format(
        '%s rows of %s, sha256 %s of %s, digest of rows %s of %s', p_rows, v_known.rows, p_content_hash,
        v_known.content_hash, p_rows_hash, v_known.rows_hash
      ),
      hint = 'put the file back from a copy of the bucket';
  end if;
  update telemetry.archives as a set verified_at = clock_timestamp() where a.month = v_known.month;
  return (select a.verified_at from telemetry.archives as a where a.month = v_known.month);
end
$$;
comment on function telemetry.confirm_archive(timestamptz, bigint, text, text, text, text) is
'Records that an archive was read back and found right. Errors: PT404 no_archive, PT409 archive_differs';
alter function telemetry.confirm_archive(timestamptz, bigint, text, text, text, text) owner to pylayer_api;
revoke all on function telemetry.confirm_archive(timestamptz, bigint, text, text, text, text) from public;
grant execute on function telemetry.confirm_archive(timestamptz, bigint, text, text, text, text) to pylayer_admin;
