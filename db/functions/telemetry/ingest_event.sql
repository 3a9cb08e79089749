-- Stores one event: telemetry.ingest_events for a batch of one, in one statement when the event is good and new.
-- Whatever else is the case (known, refused, a month or an epoch is missing) is left to telemetry.ingest_events.
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
begin
  if octet_length(p_event ->> 'event_id') = 26
    and telemetry.has_month(
      to_timestamp(telemetry.id_octets_ms(convert_to(p_event ->> 'event_id', 'UTF8')) / 1000.0::float8)
    ) then
    insert into telemetry.workflow_events as w (
      event_id, event_version, event_name, ts, run_id, item_id, workflow_name, agent_role, payload, project_id,
      metadata, recorded_epoch, recorded_xid
    )
    select
      c.event_id, c.event_version, c.event_name, c.ts, c.run_id, c.item_id, c.workflow_name, c.agent_role, c.payload,
      c.project_id, c.metadata, s.epoch, pg_current_xact_id()::text::bigint
    from core.settings as s
    cross join lateral telemetry.check_events(
      p_events => jsonb_build_array(p_event), p_floor => s.retention_floor,
      p_ceiling => statement_timestamp() + s.max_clock_ahead, p_max_skew => s.max_ts_skew,
      p_max_bytes => s.max_event_bytes
    ) as c
    where s.system_identifier = (select k.system_identifier from pg_control_system() as k)
      and c.reason is null
    on conflict (event_id) do nothing
    returning w.event_id, 'created' into event_id, status;
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
