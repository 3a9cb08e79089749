-- Whether an event fulfils every rule of the envelope, the window and its contract: the short answer for the many good
-- ones. telemetry.refusal_reason says what is wrong with the others; a test holds the two together.
-- Without SET search_path, so that it is inlined on the ingest path.
--
-- Parameters: p_doc, the event; p_event_id, its id; p_id_ts, the time in an id of 26 octets; p_ts, its ts, or p_id_ts when
--             it gives none; p_validator, that of its registered type; each of these null when there is no such thing.
--             p_long_contract, the contract when it has a maxLength, which no validator checks, else null. p_floor,
--             least id; p_ceiling, latest time in an id; p_max_skew between ts and id; p_max_bytes of an event.
-- Returns:    true when it may be stored; false or null when not.
create or replace function telemetry.is_storable(
  p_doc jsonb, p_event_id text, p_id_ts timestamptz, p_ts timestamptz, p_validator jsonpath, p_long_contract jsonb,
  p_floor text, p_ceiling timestamptz, p_max_skew interval, p_max_bytes integer
)
returns boolean
language sql stable parallel safe
as $$
  select
    jsonb_typeof(p_doc) = 'object'
    and p_event_id !~ '[^0-9A-HJKMNP-TV-Z]'
    and p_event_id collate "C" >= p_floor
    and p_id_ts <= p_ceiling  -- so that the id begins with 0 to 7
    and p_ts between p_id_ts - p_max_skew and p_id_ts + p_max_skew
    and p_doc - array[
      'event_id', 'event_version', 'event_name', 'ts', 'run_id', 'item_id', 'workflow_name', 'agent_role', 'payload',
      'project_id', 'metadata'
    ] = '{}'
    -- strict: a key that is left out makes its part unknown, a key of the wrong kind makes the whole false
    and (p_doc @@ 'strict $.event_id.type() == "string" && $.payload.type() == "object"
      && $.event_version.type() == "number"
      && ($.ts.type() == "string" || $.ts == null)
      && ($.run_id.type() == "string" || $.run_id == null)
      && ($.item_id.type() == "string" || $.item_id == null)
      && ($.workflow_name.type() == "string" || $.workflow_name == null)
      && ($.agent_role.type() == "string" || $.agent_role == null)
      && ($.project_id.type() == "string" || $.project_id == null)
      && ($.metadata.type() == "object" || $.metadata == null)') is not false
    and p_doc -> 'payload' @@ p_validator
    and pg_column_size(p_doc) <= p_max_bytes
    and (
      pg_column_size(p_doc) <= 500  -- then no field of it is longer
      or pg_column_size(p_doc - array['payload', 'metadata']) <= 500
      or telemetry.has_short_fields(p_doc)
    )
    and (p_long_contract is null or telemetry.contract_violation(p_long_contract, p_doc -> 'payload') is null)
$$;
comment on function telemetry.is_storable(
  jsonb, text, timestamptz, timestamptz, jsonpath, jsonb, text, timestamptz, interval, integer
) is 'True when an event fulfils every rule of the envelope, the window and its contract';
alter function telemetry.is_storable(
  jsonb, text, timestamptz, timestamptz, jsonpath, jsonb, text, timestamptz, interval, integer
) owner to pylayer_api;
revoke all on function telemetry.is_storable(
  jsonb, text, timestamptz, timestamptz, jsonpath, jsonb, text, timestamptz, interval, integer
) from public;
