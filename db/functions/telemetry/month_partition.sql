-- The partition of the events that holds a month.
--
-- Parameters: p_ts, any time within the month.
-- Returns:    the partition, or null when there is none.
create or replace function telemetry.month_partition(p_ts timestamptz) returns regclass
language sql volatile strict parallel unsafe
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
  select to_regclass(telemetry.partition_name(p_ts))
  where telemetry.has_month(p_ts)  -- waits for a session that is making it
$$;
comment on function telemetry.month_partition(timestamptz) is 'Partition of the events for the month of a time, or null';
alter function telemetry.month_partition(timestamptz) owner to pylayer_owner;
revoke all on function telemetry.month_partition(timestamptz) from public;
