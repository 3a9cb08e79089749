-- Lists the archives, oldest month first.
--
-- Parameters: p_month, any time within a month, for that one only; default all.
-- Returns:    one row an archive; dropped_at is null while the month is in the table of events, kept_until says until
--             when a restored one stays there.
-- Tables:     telemetry.archives, telemetry.retired_months (read).
create or replace function telemetry.list_archives(p_month timestamptz default null)
returns table (
  month timestamptz, storage_key text, rows bigint, size_bytes bigint, content_hash text, min_event_id text,
  max_event_id text, archived_at timestamptz, verified_at timestamptz, dropped_at timestamptz, kept_until timestamptz
)
language sql stable parallel safe security definer  -- definer on purpose: callers need no right on tables
set search_path = pg_catalog, pg_temp
as $$
  select
    a.month, a.storage_key, a.rows, a.size_bytes, a.content_hash, a.min_event_id, a.max_event_id, a.archived_at,
    a.verified_at, r.dropped_at, r.kept_until
  from telemetry.archives as a
  inner join telemetry.retired_months as r on r.month = a.month
  where p_month is null or a.month = date_trunc('month', p_month, 'UTC')
  order by a.month
$$;
comment on function telemetry.list_archives(timestamptz) is 'Archives of months, oldest first';
alter function telemetry.list_archives(timestamptz) owner to pylayer_api;
revoke all on function telemetry.list_archives(timestamptz) from public;
grant execute on function telemetry.list_archives(timestamptz) to pylayer_admin, pylayer_analyst, pylayer_auditor;
