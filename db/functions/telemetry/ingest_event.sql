-- Stores one event: telemetry.ingest_events for a batch of one, by the short way when the event is good and new.
-- Whatever else is the case (known, refused, not of the open month, in a transaction of a higher isolation level) is left to
-- telemetry.ingest_events; so is a value that comes compressed from a table, whose size would tell nothing.
-- An expression is set up anew in each transaction, function by function: so the time in the id is telemetry.id_octets_ms as
-- a loop over one short expression, and one statement reads the rules, asks them and inserts. An id of 26 octets came out of
-- an object, so none of its conditions can fail, in whatever order they are asked. ON CONFLICT names no key: for a named one
-- the server looks in the catalog for each index of the month, in each call.
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
  v_id_ms bigint := 0::bigint;
  v_id_ts timestamptz;
  v_ts timestamptz;
begin
  if octet_length(v_id) = 26
    and pg_column_compression(p_event) is null
    and current_setting('transaction_isolation') = 'read committed' then
    for v_place in 0..9 loop
      v_id_ms := v_id_ms * 32 + telemetry.id_digit(v_octets, v_place);
    end loop;
    v_id_ts := to_timestamp(v_id_ms / 1000.0::float8);
    v_ts := case when p_event ->> 'ts' is null then v_id_ts else telemetry.given_ts(p_event) end;
    insert into telemetry.workflow_events (
      event_id, event_version, event_name, ts, run_id, item_id, workflow_name, agent_role, payload, project_id,
      metadata, recorded_epoch, recorded_xid
    )
    select
      v_id, t.event_version, t.event_name, v_ts,
      p_event ->> 'run_id', p_event ->> 'item_id', p_event ->> 'workflow_name', p_event ->> 'agent_role',
      p_event -> 'payload', p_event ->> 'project_id', nullif(p_event -> 'metadata', 'null'),
      s.epoch, pg_current_xact_id()::text::bigint
    from core.settings as s
    inner join telemetry.event_types as t
      on t.event_name = p_event ->> 'event_name'
      and t.event_version::text = coalesce(p_event ->> 'event_version', '1')
    where s.open_since = pg_postmaster_start_time() and s.open_month @> v_id_ts
      and telemetry.is_storable(
        p_doc => p_event, p_event_id => v_id, p_id_ts => v_id_ts, p_ts => v_ts, p_validator => t.validator,
        p_long_contract => case when t.has_max_length then t.contract end, p_floor => s.retention_floor,
        p_ceiling => statement_timestamp() + s.max_clock_ahead, p_max_skew => s.max_ts_skew,
        p_max_bytes => s.max_event_bytes
      )
    on conflict do nothing;
    if found then
      event_id := v_id;
      status := 'created';
      return;
    end if;
  end if;
  select i.event_id, i.status into event_id, status
  from telemetry.ingest_events(p_events => jsonb_build_array(p_event), p_on_error => 'raise') as i;
end
$$;
comment on function telemetry.ingest_event(jsonb) is
'Stores one event once: status created, duplicate or conflict. Errors: PT400, PT410, PT413, PT422, 55P03, 40001, 40P01';
alter function telemetry.ingest_event(jsonb) owner to pylayer_api;
revoke all on function telemetry.ingest_event(jsonb) from public;
grant execute on function telemetry.ingest_event(jsonb) to pylayer_agent, pylayer_admin;
