-- The name that pg_partman gives to the partition of an event id. For sessions in UTC, as every caller pins.
-- Without SET search_path, so that it is inlined on the ingest path.
--
-- Parameters: p_event_id, a well-formed ULID.
-- Returns:    the qualified name; the partition need not exist.
create or replace function telemetry.partition_name(p_event_id text) returns text
language sql stable strict parallel safe
as $$
  select 'telemetry.workflow_events_p' || to_char(to_timestamp(core.ulid_ms(p_event_id) / 1000), 'YYYYMM01')
$$;
comment on function telemetry.partition_name(text) is 'Qualified name of the monthly partition of an event id; time zone UTC';
alter function telemetry.partition_name(text) owner to pylayer_api;
revoke all on function telemetry.partition_name(text) from public;
