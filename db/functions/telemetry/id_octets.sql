-- The digits of an event id as octets: 64 and the value of each, for telemetry.id_octets_ms.
-- Without SET search_path, so that it is inlined on the ingest path.
--
-- Parameters: p_event_id, any text.
-- Returns:    its octets; those that are no digits of Crockford's base32 stay as they are.
create or replace function telemetry.id_octets(p_event_id text) returns bytea
language sql stable strict parallel safe
as $$
  select convert_to(
    translate(p_event_id, '0123456789ABCDEFGHJKMNPQRSTVWXYZ', '@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_'), 'UTF8'
  )
$$;
comment on function telemetry.id_octets(text) is 'The digits of a ULID as octets, each 64 and its value; for the ingest path';
alter function telemetry.id_octets(text) owner to pylayer_api;
revoke all on function telemetry.id_octets(text) from public;
