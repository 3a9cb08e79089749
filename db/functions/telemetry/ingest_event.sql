-- Stores one event: telemetry.ingest_events for a batch of one, by the short way when the event is good and new.
-- Whatever else is the case (known, refused, not of the open month, in a transaction of a higher isolation level) is left to
-- telemetry.ingest_events; so is a value that comes compressed from a table, whose size would tell nothing.
-- Values are taken in assignments, not in one statement around the insert: PL/pgSQL evaluates them without an executor.
--
-- Parameters: p_event, a JSON object.
-- Returns:    event_id; status created, duplicate or conflict.
-- Errors:     those of telemetry.ingest_events with 'raise'.
-- Tables:     as telemetry.ingest_events.
-- Repeat:     safe.
create or replace function telemetry.ingest_event(p_event jsonb, out event_id text, out status text)
returns record
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: agents hold no right on tables
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
#variable_conflict use_column
declare
  v_id text := p_event ->> 'event_id';
  v_octets bytea := convert_to(v_id, 'UTF8');
  v_id_ts timestamptz;
  v_ts timestamptz;
  v_rules record;
begin
  if octet_length(v_id) = 26
    and pg_column_compression(p_event) is null
    and current_setting('transaction_isolation') = 'read committed' then
    v_id_ts := to_timestamp(telemetry.id_octets_ms(v_octets) / 1000.0::float8);
    v_ts := case when p_event ->> 'ts' is null then v_id_ts else telemetry.given_ts(p_event ->> 'ts') end;
    select
      s.epoch, s.retention_floor, s.max_ts_skew, s.max_event_bytes, statement_timestamp() + s.max_clock_ahead as ceiling,
      t.event_name, t.event_version, t.validator, case when t.has_max_length then t.contract end as long_contract
    into v_rules
    from core.settings as s
    inner join telemetry.event_types as t
      on t.event_name = p_event ->> 'event_name'
      and t.event_version::text = coalesce(p_event ->> 'event_version', '1')
    where s.open_since = pg_postmaster_start_time() and s.open_month @> v_id_ts;
    if telemetry.is_storable(
      p_doc => p_event, p_event_id => v_id, p_id_ts => v_id_ts, p_ts => v_ts, p_validator => v_rules.validator,
      p_long_contract => v_rules.long_contract, p_floor => v_rules.retention_floor, p_ceiling => v_rules.ceiling,
      p_max_skew => v_rules.max_ts_skew, p_max_bytes => v_rules.max_event_bytes
    ) then
      insert into telemetry.workflow_events as w (
        event_id, event_version, event_name, ts, run_id, item_id, workflow_name, agent_role, payload, project_id,
        metadata, recorded_epoch, recorded_xid
      )
      values (
        v_id, v_rules.event_version, v_rules.event_name, v_ts,
        p_event ->> 'run_id', p_event ->> 'item_id', p_event ->> 'workflow_name', p_event ->> 'agent_role',
        p_event -> 'payload', p_event ->> 'project_id', nullif(p_event -> 'metadata', 'null'),
        v_rules.epoch, pg_current_xact_id()::text::bigint
      )
      on conflict (event_id) do nothing
      returning w.event_id, 'created' into event_id, status;
    end if;
  end if;
  if event_id is null then
    select i.event_id, i.status into event_id, status
    from telemetry.ingest_events(p_events => jsonb_build_array(p_event), p_on_error => 'raise') as i;
  end if;
end
$$;
comment on function telemetry.ingest_event(jsonb) is
'Stores one event once: status created, duplicate or conflict. Errors: PT400, PT410, PT413, PT422, 55P03, 40001, 40P01';
alter function telemetry.ingest_event(jsonb) owner to pylayer_api;
revoke all on function telemetry.ingest_event(jsonb) from public;
grant execute on function telemetry.ingest_event(jsonb) to pylayer_agent, pylayer_admin;
