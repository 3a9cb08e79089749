-- The value of one character of an event id as a digit of Crockford's base32, for the ingest path.
-- Without SET search_path, so that it is inlined.
--
-- Parameters: p_octets, those of an id; p_place, from 0. p_digits, the value of each octet, 0 for what is none; a
--             constant, folded when the caller is planned.
-- Returns:    0 to 31.
create or replace function telemetry.id_digit(
  p_octets bytea,
  p_place integer,
  p_digits bytea default decode(
    repeat('00', 48) || '00010203040506070809' || repeat('00', 7)  -- 0 to 9
    || '0a0b0c0d0e0f1011' || '00' || '1213' || '00' || '1415' || '00'  -- A to H, J, K, M, N
    || '161718191a' || '00' || '1b1c1d1e1f' || repeat('00', 165),  -- P to T, V to Z
    'hex'
  )
)
returns integer
language sql immutable strict parallel safe
as $$
  select get_byte(p_digits, get_byte(p_octets, p_place))
$$;
comment on function telemetry.id_digit(bytea, integer, bytea) is
'Value of one character of an event id as a digit of Crockford''s base32; unchecked, for the ingest path';
alter function telemetry.id_digit(bytea, integer, bytea) owner to pylayer_api;
revoke all on function telemetry.id_digit(bytea, integer, bytea) from public;
