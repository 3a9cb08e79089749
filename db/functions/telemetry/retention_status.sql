-- How far the months reach, forward and back; for doctor and metrics.
--
-- Returns: months_ahead, whole months after this one that are there without a gap; oldest_month, the start of the oldest
--          month in the table of events; retention_floor, as a time; waiting_months, how many months below the floor are
--          still there; overdue_months, those of them that retention should have dropped by now: two days after their grace.
-- Tables:  the catalog, core.settings, telemetry.retired_months (read).
create or replace function telemetry.retention_status(
  out months_ahead integer, out oldest_month timestamptz, out retention_floor timestamptz, out waiting_months integer,
  out overdue_months integer
)
returns record
language sql stable parallel safe security definer  -- definer on purpose: callers hold no right on core.settings
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
  select
    (
      select coalesce(min(n.nth), 25) - 1
      from generate_series(1, 25) as n (nth)
      where not exists (
        select from telemetry.month_tables() as t
        where t.state = 'attached' and t.month = date_trunc('month', now()) + make_interval(months => n.nth)
      )
    ),
    min(t.month) filter (where t.state = 'attached'),
    core.ulid_time(s.retention_floor),
    count(*) filter (where t.month < core.ulid_time(s.retention_floor))::integer,
    count(*) filter (
      where now() > greatest(r.raised_at + s.retention_grace, r.kept_until, r.restoring_since) + interval '2 days'
    )::integer
  from core.settings as s
  left join telemetry.month_tables() as t on true
  left join telemetry.retired_months as r on r.month = t.month
  group by s.retention_floor
$$;
comment on function telemetry.retention_status() is
'Months made ahead, the oldest month, the floor, and how many months below it are still there or overdue';
alter function telemetry.retention_status() owner to pylayer_api;
revoke all on function telemetry.retention_status() from public;
grant execute on function telemetry.retention_status() to pylayer_admin, pylayer_analyst, pylayer_auditor;
