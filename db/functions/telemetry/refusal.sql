-- Why an event is refused: the one table of reasons, their codes and what to do next.
--
-- Parameters: p_reason, a reason that telemetry.check_events gives.
-- Returns:    one row: SQLSTATE, stable message, hint.
create or replace function telemetry.refusal(p_reason text, out code text, out message text, out hint text)
returns record
language sql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select r.code, r.message, r.hint
  from (
    values
    ('not_an_object', 'PT400', 'event is not a JSON object', 'send an object with event_id, event_name and payload'),
    ('unknown_key', 'PT400', 'event has a key that is not known', 'put it into payload or metadata'),
    ('missing_event_id', 'PT400', 'event has no event_id', 'make a ULID once for each event and keep it for retries'),
    ('invalid_event_id', 'PT400', 'event_id is not a ULID', '26 characters of upper-case Crockford base32'),
    ('invalid_field', 'PT400', 'a field of the event has a value of the wrong kind',
      'names and ids are strings of at most 500 characters, event_version is a number, metadata an object'),
    ('invalid_ts', 'PT400', 'ts is not a timestamp', 'use ISO 8601 with a zone, such as 2026-01-31T12:00:00Z'),
    ('event_too_large', 'PT413', 'event is over max_event_bytes', 'write large content as an artifact and refer to it'),
    ('unknown_event_type', 'PT422', 'event type is not registered', 'register it with telemetry.register_event_type'),
    ('below_retention_floor', 'PT410', 'event id is below the retention floor',
      'events of that time have been dropped; see telemetry.retention_floor()'),
    ('in_the_future', 'PT422', 'event id lies too far in the future', 'set the clock of the sender'),
    ('ts_skew', 'PT422', 'ts is too far from the time in event_id', 'leave ts out, or make the id from ts'),
    ('invalid_payload', 'PT422', 'payload is not a JSON object', 'send the facts of the event as an object'),
    ('contract', 'PT422', 'payload does not fulfil the contract of its event type',
      'see telemetry.event_types for the contract')
  ) as r (reason, code, message, hint)
  where r.reason = p_reason
$$;
comment on function telemetry.refusal(text) is 'SQLSTATE, message and hint of a reason for refusing an event';
alter function telemetry.refusal(text) owner to pylayer_api;
revoke all on function telemetry.refusal(text) from public;
