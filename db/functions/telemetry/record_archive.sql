-- Records the archive of a sealed month once its file is in object storage, with a digest of the month's rows, by which the
-- month is known again when it is restored and when it is dropped. The archive counts for retention only when it has been
-- read back: telemetry.confirm_archive.
--
-- Parameters: p_month, any time within the month; p_rows, p_min_event_id, p_max_event_id, of the file (the ids null when
--             it is empty); p_size_bytes, p_content_hash, its size and sha256, hex.
-- Returns:    nothing.
-- Errors:     PT404 no_retired_month; PT409 not_due: the month has a verified archive, or is not sealed or counted yet;
--             rows_differ.
-- Tables:     telemetry.retired_months (row locked); the month (read whole); telemetry.archives (row inserted; replaced while
--             it is not verified).
-- Repeat:     safe until the archive is verified.
create or replace function telemetry.record_archive(
  p_month timestamptz, p_rows bigint, p_size_bytes bigint, p_content_hash text, p_min_event_id text, p_max_event_id text
)
returns void
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: admins hold no right to write tables
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
  v_table regclass := telemetry.check_retention_step(p_month => p_month, p_step => 'archive');
  v_found record := telemetry.month_digest(p_table => v_table);
begin
  if (p_rows, p_min_event_id, p_max_event_id)
    is distinct from (v_found.rows, v_found.min_event_id, v_found.max_event_id) then
    raise exception using
      errcode = 'PT409', message = 'the month is not what was sealed, counted and archived', constraint = 'rows_differ',
      detail = format('%s events, %s in the file', v_found.rows, p_rows), hint = 'write the archive again';
  end if;
  insert into telemetry.archives as a (
    month, storage_key, rows, size_bytes, content_hash, rows_hash, min_event_id, max_event_id
  )
  values (
    date_trunc('month', p_month, 'UTC'), telemetry.archive_key(p_month => p_month), p_rows, p_size_bytes, p_content_hash,
    v_found.rows_hash, p_min_event_id, p_max_event_id
  )
  on conflict (month) do update
  set rows = excluded.rows, size_bytes = excluded.size_bytes, content_hash = excluded.content_hash,
    rows_hash = excluded.rows_hash, min_event_id = excluded.min_event_id, max_event_id = excluded.max_event_id,
    archived_at = now();
end
$$;
comment on function telemetry.record_archive(timestamptz, bigint, bigint, text, text, text) is
'Records the archive of a sealed month, not verified yet. Errors: PT404 no_retired_month, PT409 not_due, rows_differ';
alter function telemetry.record_archive(timestamptz, bigint, bigint, text, text, text) owner to pylayer_owner;
revoke all on function telemetry.record_archive(timestamptz, bigint, bigint, text, text, text) from public;
grant execute on function telemetry.record_archive(timestamptz, bigint, bigint, text, text, text) to pylayer_admin;
