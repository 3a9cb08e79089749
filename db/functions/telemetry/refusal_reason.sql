-- Says why an event is refused: the first rule that it breaks, in words. Asked only about events that
-- telemetry.is_storable turned down, and slower.
--
-- Parameters: p_doc, the event; the limits of core.settings: p_floor, least id; p_ceiling, latest time in an id;
--             p_max_skew between ts and id; p_max_bytes of an event.
-- Returns:    reason, one of telemetry.refusal, null when the event may be stored; detail, the values behind it, or null.
-- Tables:     telemetry.event_types (read).
create or replace function telemetry.refusal_reason(
  p_doc jsonb, p_floor text, p_ceiling timestamptz, p_max_skew interval, p_max_bytes integer,
  out reason text, out detail text
)
returns record
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
  select
    v.reason,
    case v.reason
      when 'contract' then left(telemetry.contract_violation(v.contract, v.payload), 500)
      when 'unknown_event_type' then left(format('%s version %s', v.event_name, v.event_version), 200)
      when 'unknown_key' then left(v.unknown_keys, 200)
      when 'invalid_ts' then left(v.ts, 64)
      when 'ts_skew' then left(v.ts, 64)
      when 'event_too_large' then format('%s bytes, limit %s', pg_column_size(p_doc), p_max_bytes)
    end
  from (
    select
      e.*,
      t.contract,
      case
        when jsonb_typeof(p_doc) <> 'object' then 'not_an_object'
        when e.unknown_keys is not null then 'unknown_key'
        when e.event_id is null then 'missing_event_id'
        when octet_length(e.event_id) <> 26 or e.event_id collate "C" >= '8' or e.event_id ~ '[^0-9A-HJKMNP-TV-Z]'
          then 'invalid_event_id'
        when jsonb_typeof(p_doc -> 'event_id') <> 'string' or jsonb_typeof(p_doc -> 'event_name') is distinct from 'string'
          or jsonb_typeof(p_doc -> 'event_version') <> 'number'
          or jsonb_typeof(p_doc -> 'metadata') not in ('object', 'null')
          or exists (
            select
            from unnest(array['run_id', 'item_id', 'workflow_name', 'agent_role', 'project_id']) as f (name)
            where jsonb_typeof(p_doc -> f.name) not in ('string', 'null') or length(p_doc ->> f.name) > 500
          ) then 'invalid_field'
        when jsonb_typeof(p_doc -> 'ts') <> 'string' and e.ts is not null
          or e.ts is not null and telemetry.given_ts(p_doc) is null then 'invalid_ts'
        when pg_column_size(p_doc) > p_max_bytes then 'event_too_large'
        when t.event_name is null then 'unknown_event_type'
        when e.event_id collate "C" < p_floor then 'below_retention_floor'
        when core.ulid_time(e.event_id) > p_ceiling then 'in_the_future'
        when telemetry.given_ts(p_doc) - core.ulid_time(e.event_id) not between -p_max_skew and p_max_skew then 'ts_skew'
        when jsonb_typeof(e.payload) is distinct from 'object' then 'invalid_payload'
        when telemetry.contract_violation(t.contract, e.payload) is not null then 'contract'
      end as reason
    from (
      select
        p_doc ->> 'event_id' as event_id,
        p_doc ->> 'event_name' as event_name,
        coalesce(p_doc ->> 'event_version', '1') as event_version,
        p_doc ->> 'ts' as ts,
        p_doc -> 'payload' as payload,
        (
          select string_agg(k.key, ', ' order by k.key)
          from jsonb_object_keys(case when jsonb_typeof(p_doc) = 'object' then p_doc else '{}' end) as k (key)
          where k.key <> all (array[
            'event_id', 'event_version', 'event_name', 'ts', 'run_id', 'item_id', 'workflow_name', 'agent_role',
            'payload', 'project_id', 'metadata'
          ])
        ) as unknown_keys
    ) as e
    left join telemetry.event_types as t
      on t.event_name = e.event_name and t.event_version::text = e.event_version
  ) as v
$$;
comment on function telemetry.refusal_reason(jsonb, text, timestamptz, interval, integer) is
'Why an event is refused, with the values behind it; null when it may be stored';
alter function telemetry.refusal_reason(jsonb, text, timestamptz, interval, integer) owner to pylayer_api;
revoke all on function telemetry.refusal_reason(jsonb, text, timestamptz, interval, integer) from public;
