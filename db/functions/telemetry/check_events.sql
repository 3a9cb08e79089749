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
    v.position::integer, v.event_id, v.type_version, v.event_name, coalesce(v.given_ts, v.id_ts),
    v.run_id, v.item_id, v.workflow_name, v.agent_role, v.payload, v.project_id, nullif(v.metadata, 'null'),
    v.reason,
    case v.reason
      when 'contract' then left(telemetry.contract_violation(v.contract, v.payload), 500)
      when 'unknown_event_type' then left(format('%s version %s', v.event_name, v.event_version), 200)
      when 'unknown_key' then left((
        select string_agg(k.key, ', ' order by k.key)
        from jsonb_object_keys(v.doc - array[
          'event_id', 'event_version', 'event_name', 'ts', 'run_id', 'item_id', 'workflow_name', 'agent_role',
          'payload', 'project_id', 'metadata'
        ]) as k (key)
      ), 200)
      when 'invalid_ts' then left(v.ts, 64)
      when 'ts_skew' then left(v.ts, 64)
      when 'event_too_large' then format('%s bytes, limit %s', pg_column_size(v.doc), p_max_bytes)
    end,
    v.id_ts
  from (
    select
      e.*,
      t.event_version as type_version,
      t.contract,
      case
        when jsonb_typeof(e.doc) <> 'object' then 'not_an_object'
        when e.doc - array[
          'event_id', 'event_version', 'event_name', 'ts', 'run_id', 'item_id', 'workflow_name', 'agent_role',
          'payload', 'project_id', 'metadata'
        ] <> '{}' then 'unknown_key'
        when e.event_id is null then 'missing_event_id'
        when not e.is_ulid then 'invalid_event_id'
        when e.event_name is null
          -- strict: a key that is left out makes its part unknown, a key of the wrong kind makes the whole false
          or (e.doc @@ 'strict $.event_name.type() == "string" && $.event_id.type() == "string"
            && $.event_version.type() == "number"
            && ($.run_id.type() == "string" || $.run_id == null)
            && ($.item_id.type() == "string" || $.item_id == null)
            && ($.workflow_name.type() == "string" || $.workflow_name == null)
            && ($.agent_role.type() == "string" || $.agent_role == null)
            && ($.project_id.type() == "string" || $.project_id == null)
            && ($.metadata.type() == "object" || $.metadata == null)') is false
          or greatest(
            length(e.run_id), length(e.item_id), length(e.workflow_name), length(e.agent_role), length(e.project_id)
          ) > 500 then 'invalid_field'
        when e.ts is not null and (e.given_ts is null or jsonb_typeof(e.doc -> 'ts') <> 'string') then 'invalid_ts'
        when pg_column_size(e.doc) > p_max_bytes then 'event_too_large'
        when t.event_name is null then 'unknown_event_type'
        when e.event_id collate "C" < p_floor then 'below_retention_floor'
        when e.id_ts > p_ceiling then 'in_the_future'
        when e.given_ts - e.id_ts not between -p_max_skew and p_max_skew then 'ts_skew'
        when jsonb_typeof(e.payload) is distinct from 'object' then 'invalid_payload'
        when (e.payload @@ t.validator) is not true
          or (t.has_max_length and telemetry.contract_violation(t.contract, e.payload) is not null) then 'contract'
      end as reason
    from (
      select
        d.*,
        octet_length(d.event_id) = 26 and d.event_id collate "C" < '8'
        and d.event_id !~ '[^0-9A-HJKMNP-TV-Z]' as is_ulid,
        case when octet_length(d.event_id) = 26
          then to_timestamp(telemetry.id_octets_ms(d.id_octets) / 1000.0::float8) end as id_ts,
        case
          when d.ts like '____-__-__%' and d.ts collate "C" between '0' and ':' and pg_input_is_valid(d.ts, 'timestamptz')
            then d.ts::timestamptz
        end as given_ts
      from (
        select
          j.doc,
          j.position,
          j.doc ->> 'event_id' as event_id,
          convert_to(j.doc ->> 'event_id', 'UTF8') as id_octets,
          coalesce(j.doc ->> 'event_version', '1') as event_version,
          j.doc ->> 'event_name' as event_name,
          j.doc ->> 'ts' as ts,
          j.doc ->> 'run_id' as run_id,
          j.doc ->> 'item_id' as item_id,
          j.doc ->> 'workflow_name' as workflow_name,
          j.doc ->> 'agent_role' as agent_role,
          j.doc -> 'payload' as payload,
          j.doc ->> 'project_id' as project_id,
          j.doc -> 'metadata' as metadata
        from jsonb_array_elements(p_events) with ordinality as j (doc, position)
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
