-- A number in a payload, null where the key is missing or holds something else, as another version's contract may allow.
-- Without SET search_path, so that it is inlined per event.
--
-- Parameters: p_payload; p_key.
-- Returns:    the number, or null.
create or replace function telemetry.payload_number(p_payload jsonb, p_key text) returns numeric
language sql immutable parallel safe
as $$
  select case when jsonb_typeof(p_payload -> p_key) = 'number' then (p_payload ->> p_key)::numeric end
$$;
comment on function telemetry.payload_number(jsonb, text) is 'A number in a payload; null where it is missing or no number';
alter function telemetry.payload_number(jsonb, text) owner to pylayer_api;
revoke all on function telemetry.payload_number(jsonb, text) from public;
grant execute on function telemetry.payload_number(jsonb, text) to pylayer_admin, pylayer_analyst;
