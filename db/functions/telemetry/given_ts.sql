-- The timestamp that a sender wrote, when it is one: a date and a time, so that now, today or infinity is none.
-- Without SET search_path, so that it is inlined on the ingest path. For sessions in UTC, as every caller pins.
--
-- Parameters: p_doc, the event; a ts without a zone is UTC.
-- Returns:    the time, or null when the event gives none or it is no timestamp.
create or replace function telemetry.given_ts(p_doc jsonb) returns timestamptz
language sql stable parallel safe
as $$
  select case
    when p_doc ->> 'ts' like '____-__-__%' and p_doc ->> 'ts' collate "C" between '0' and ':'
      then json_value(p_doc, '$.ts' returning timestamptz null on error)
  end
$$;
comment on function telemetry.given_ts(jsonb) is 'The timestamp in an event as its sender wrote it, or null';
alter function telemetry.given_ts(jsonb) owner to pylayer_api;
revoke all on function telemetry.given_ts(jsonb) from public;
