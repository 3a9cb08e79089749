-- The tables that hold months of events, in the table of events or beside it.
--
-- Returns: one row a table: month, its start; partition; state, one of attached, detaching (a detach that did not end),
--          detached, restoring (an archive's restore that has not ended).
-- Tables:  the catalog, telemetry.retired_months (read).
create or replace function telemetry.month_tables()
returns table (month timestamptz, partition regclass, state text)
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select
    m.month,
    c.oid::regclass,
    case
      when i.inhdetachpending then 'detaching'
      when i.inhrelid is not null then 'attached'
      when r.dropped_at is null then 'detached'
      else 'restoring'
    end
  from pg_class as c
  cross join lateral (select to_date(right(c.relname, 8), 'YYYYMMDD')::timestamp at time zone 'UTC' as month) as m
  left join pg_inherits as i on i.inhrelid = c.oid and i.inhparent = 'telemetry.workflow_events'::regclass
  left join telemetry.retired_months as r on r.month = m.month
  where c.relnamespace = 'telemetry'::regnamespace
    and c.relkind = 'r'
    and c.relname ~ '^workflow_events_p[0-9]{4}(0[1-9]|1[0-2])01$'
$$;
comment on function telemetry.month_tables() is
'Tables that hold months of events: attached, detaching, detached or restoring';
alter function telemetry.month_tables() owner to pylayer_api;
revoke all on function telemetry.month_tables() from public;
grant execute on function telemetry.month_tables() to pylayer_owner;
