-- The timestamp that a sender wrote, when it is one: a date and a time, so that now, today or infinity is none.
-- Without SET search_path, so that it is inlined on the ingest path. For sessions in UTC, as every caller pins.
--
-- Parameters: p_ts, the text; without a zone it is UTC.
-- Returns:    the time, or null when the text is null or no timestamp.
create or replace function telemetry.given_ts(p_ts text) returns timestamptz
language sql stable parallel safe
as $$
  select case
    when p_ts like '____-__-__%' and p_ts collate "C" between '0' and ':' and pg_input_is_valid(p_ts, 'timestamptz')
      then p_ts::timestamptz
  end
$$;
comment on function telemetry.given_ts(text) is 'The timestamp in a text as a sender wrote it, or null';
alter function telemetry.given_ts(text) owner to pylayer_api;
revoke all on function telemetry.given_ts(text) from public;
