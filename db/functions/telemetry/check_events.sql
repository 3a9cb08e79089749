-- Checks a batch of events against the envelope, the window and the contracts, without storing anything.
-- Without SET search_path and not SECURITY DEFINER, so that it is inlined into telemetry.ingest_events.
-- Each OFFSET 0 keeps a level of the query apart, so that what it computes is computed once a row.
--
-- Parameters: p_events, a JSON array; the limits of core.settings, read once by the caller: p_floor, least id;
--             p_ceiling, latest time in an id; p_max_skew between ts and id; p_max_bytes of an event.
-- Returns:    one row an element, unordered; reason is null when the event may be stored, else columns may be null.
-- Tables:     telemetry.event_types (read).
create or replace function telemetry.check_events(
  p_events jsonb, p_floor text, p_ceiling timestamptz, p_max_skew interval, p_max_bytes integer
)
returns setof telemetry.checked_event
language sql stable parallel safe
as $$
  select
    v.position::integer, v.event_id, v.type_version, v.event_name, v.ts,
    v.doc ->> 'run_id', v.doc ->> 'item_id', v.doc ->> 'workflow_name', v.doc ->> 'agent_role', v.doc -> 'payload',
    v.doc ->> 'project_id', nullif(v.doc -> 'metadata', 'null'),
    case when not v.is_storable then coalesce(
      (telemetry.refusal_reason(v.doc, p_floor, p_ceiling, p_max_skew, p_max_bytes)).reason, 'contract'
    ) end,
    case when not v.is_storable
      then (telemetry.refusal_reason(v.doc, p_floor, p_ceiling, p_max_skew, p_max_bytes)).detail end,
    v.id_ts
  from (
    select
      e.*,
      t.event_version as type_version,
      telemetry.is_storable(
        p_doc => e.doc, p_event_id => e.event_id, p_id_ts => e.id_ts, p_ts => e.ts, p_validator => t.validator,
        p_long_contract => case when t.has_max_length then t.contract end,
        p_floor => p_floor, p_ceiling => p_ceiling, p_max_skew => p_max_skew, p_max_bytes => p_max_bytes
      ) is true as is_storable
    from (
      select d.*, case when d.doc ->> 'ts' is null then d.id_ts else telemetry.given_ts(d.doc) end as ts
      from (
        select
          i.*,
          case when octet_length(i.event_id) = 26
            then to_timestamp(telemetry.id_octets_ms(i.id_octets) / 1000.0::float8) end as id_ts
        from (
          select
            j.doc,
            j.position,
            j.doc ->> 'event_id' as event_id,
            convert_to(j.doc ->> 'event_id', 'UTF8') as id_octets,
            coalesce(j.doc ->> 'event_version', '1') as event_version,
            j.doc ->> 'event_name' as event_name
          from jsonb_array_elements(p_events) with ordinality as j (doc, position)
          offset 0
        ) as i
        offset 0
      ) as d
      offset 0
    ) as e
    left join telemetry.event_types as t
      on t.event_name = e.event_name and t.event_version::text = e.event_version
    offset 0
  ) as v
$$;
comment on function telemetry.check_events(jsonb, text, timestamptz, interval, integer) is
'Checks a batch of events without storing it: one row an element with its columns or the reason why it is refused';
alter function telemetry.check_events(jsonb, text, timestamptz, interval, integer) owner to pylayer_api;
revoke all on function telemetry.check_events(jsonb, text, timestamptz, interval, integer) from public;
