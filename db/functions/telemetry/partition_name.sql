-- The name that pg_partman gives to the partition of an event. For sessions in UTC, as every caller pins.
-- Without SET search_path, so that it is inlined on the ingest path.
--
-- Parameters: p_id_ts, the time in the event's id.
-- Returns:    the qualified name; the partition need not exist.
create or replace function telemetry.partition_name(p_id_ts timestamptz) returns text
language sql stable strict parallel safe
as $$
  select 'telemetry.workflow_events_p' || to_char(p_id_ts, 'YYYYMM01')
$$;
comment on function telemetry.partition_name(timestamptz) is
'Qualified name of the monthly partition of the time in an event id; time zone UTC';
alter function telemetry.partition_name(timestamptz) owner to pylayer_api;
revoke all on function telemetry.partition_name(timestamptz) from public;
grant execute on function telemetry.partition_name(timestamptz) to pylayer_owner;
