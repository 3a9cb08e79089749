-- The partition of the events that holds a month.
--
-- Parameters: p_ts, any time within the month.
-- Returns:    the partition, or null when there is none.
create or replace function telemetry.month_partition(p_ts timestamptz) returns regclass
language sql volatile strict parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
  select i.inhrelid::regclass
  from pg_inherits as i
  inner join pg_class as c on c.oid = i.inhrelid
  where i.inhparent = 'telemetry.workflow_events'::regclass
    and not i.inhdetachpending
    and telemetry.has_month(p_ts)  -- waits for a session that is making it
    and c.relname = 'workflow_events_p' || to_char(p_ts at time zone 'UTC', 'YYYYMM01')
$$;
comment on function telemetry.month_partition(timestamptz) is 'Partition of the events for the month of a time, or null';
alter function telemetry.month_partition(timestamptz) owner to pylayer_owner;
revoke all on function telemetry.month_partition(timestamptz) from public;
