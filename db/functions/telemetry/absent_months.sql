-- Months of a time range that had events and are not in the table of events: dropped, on their way out, or half restored. Who
-- reads raw events of such a range would take less than there was for all of it.
--
-- Parameters: p_from, p_to: range of the time in event ids, p_to exclusive.
-- Returns:    one row a month, oldest first: its start, its events, and whether it has an archive that was read back.
-- Tables:     the catalog, telemetry.retired_months, telemetry.archives (read).
create or replace function telemetry.absent_months(p_from timestamptz, p_to timestamptz)
returns table (month timestamptz, events bigint, is_archived boolean)
language sql stable parallel safe security definer  -- definer on purpose: callers may not read the catalog of months
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
  select
    r.month, r.events,
    exists (select from telemetry.archives as a where a.month = r.month and a.verified_at is not null)
  from telemetry.retired_months as r
  where r.month < p_to
    and r.month + interval '1 month' > p_from
    and r.events > 0
    and not exists (select from telemetry.month_tables() as t where t.month = r.month and t.state = 'attached')
  order by r.month
$$;
comment on function telemetry.absent_months(timestamptz, timestamptz) is
'Months of a time range that had events and are not in the table of events';
alter function telemetry.absent_months(timestamptz, timestamptz) owner to pylayer_api;
revoke all on function telemetry.absent_months(timestamptz, timestamptz) from public;
grant execute on function telemetry.absent_months(timestamptz, timestamptz) to pylayer_admin, pylayer_analyst;
