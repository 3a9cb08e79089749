-- Stores a batch of events: each id once for ever, whatever is sent again, by whom and in what order.
-- A fixed number of statements whatever the batch: check, months, insert, and for what was there before, compare.
--
-- Parameters: p_events, a JSON array of events (telemetry.workflow_events names the keys; ts, event_version 1 and the
--             correlation ids may be left out; a ts without a zone is UTC). p_on_error, 'raise': the first bad event
--             raises and nothing is stored; 'report': bad events come back as refused, the others are stored.
-- Returns:    one row an event, in input order. status: created; duplicate (known, same content); conflict (known
--             with other content, not stored; metadata is not compared); refused, with code, reason and detail.
-- Errors:     PT400 not_an_array, invalid_on_error; PT413 too_many_events; with 'raise' those of telemetry.refusal;
--             55P03 a missing month could not be made in time; 40001, also where core.settings has changed since
--             a transaction of a higher isolation level began, and 40P01: the same call again.
-- Tables:     core.settings, telemetry.event_types (read); telemetry.workflow_events (months made on the spot under an
--             advisory lock, then rows in event_id order, so that two batches cannot deadlock);
--             telemetry.ingest_counts (insert); core.settings (the open month, once a month and once a run;
--             row locked, shared, by a transaction of a higher isolation level).
-- Repeat:     safe; that is what it is for.
create or replace function telemetry.ingest_events(p_events jsonb, p_on_error text default 'raise')
returns table ("position" integer, event_id text, status text, code text, reason text, detail text)
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: agents hold no right on tables
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
#variable_conflict use_column
declare
  v_limits record;
  v_batch telemetry.checked_event[];
  v_refused integer;
  v_first timestamptz;
  v_last timestamptz;
  v_epoch integer;
  v_xid bigint;
  v_created text[];
begin
  select
    s.max_batch_events, s.max_event_bytes, s.max_ts_skew, s.retention_floor, s.epoch, s.open_month,
    (s.open_since = pg_postmaster_start_time()) is true as is_noted,
    statement_timestamp() + s.max_clock_ahead as ceiling
  into v_limits
  from core.settings as s;
  if jsonb_typeof(p_events) is distinct from 'array' then
    raise exception using
      errcode = 'PT400', message = 'events are not a JSON array', constraint = 'not_an_array',
      detail = coalesce(jsonb_typeof(p_events), 'null'), hint = 'send one event with telemetry.ingest_event';
  elsif coalesce(p_on_error, '') not in ('raise', 'report') then
    raise exception using
      errcode = 'PT400', message = 'p_on_error is not known', constraint = 'invalid_on_error',
      detail = coalesce(left(p_on_error, 64), 'null'), hint = 'raise or report';
  elsif jsonb_array_length(p_events) > v_limits.max_batch_events then
    raise exception using
      errcode = 'PT413', message = 'batch is over max_batch_events', constraint = 'too_many_events',
      detail = format('%s events, limit %s', jsonb_array_length(p_events), v_limits.max_batch_events),
      hint = 'send several batches';
  end if;

  v_batch := array(
    select c
    from telemetry.check_events(
      p_events => p_events, p_floor => v_limits.retention_floor, p_ceiling => v_limits.ceiling,
      p_max_skew => v_limits.max_ts_skew, p_max_bytes => v_limits.max_event_bytes
    ) as c
  );

  select
    min(b.position) filter (where b.reason is not null),
    min(b.id_ts) filter (where b.reason is null),
    max(b.id_ts) filter (where b.reason is null)
  into v_refused, v_first, v_last
  from unnest(v_batch) as b;
  if v_refused is not null and p_on_error = 'raise' then
    perform telemetry.raise_refusal(b.position, b.event_id, b.reason, b.detail)
    from unnest(v_batch) as b where b.position = v_refused;
  end if;
  if (v_limits.is_noted and v_limits.open_month @> tstzrange(v_first, v_last, '[]')) is not true then
    if telemetry.partition_name(v_first) <> telemetry.partition_name(v_last)
      or not telemetry.has_month(v_first) then
      perform telemetry.make_months(array(
        select distinct date_trunc('month', b.id_ts, 'UTC')
        from unnest(v_batch) as b where b.reason is null
      ));
    else
      perform telemetry.note_open_month(v_first);
    end if;
  end if;

  v_epoch := case
    when v_limits.is_noted and current_setting('transaction_isolation') = 'read committed' then v_limits.epoch
    else core.current_epoch()
  end;
  v_xid := pg_current_xact_id()::text::bigint;
  with stored as (
    insert into telemetry.workflow_events (
      event_id, event_version, event_name, ts, run_id, item_id, workflow_name, agent_role, payload, project_id,
      metadata, recorded_epoch, recorded_xid
    )
    select
      b.event_id, b.event_version, b.event_name, b.ts, b.run_id, b.item_id, b.workflow_name, b.agent_role, b.payload,
      b.project_id, b.metadata, v_epoch, v_xid
    from unnest(v_batch) as b
    where b.reason is null
    order by b.event_id collate "C", b.position
    on conflict do nothing
    returning event_id
  )
  select coalesce(array_agg(s.event_id), '{}') into v_created from stored as s;

  if cardinality(v_created) = cardinality(v_batch) then
    return query
    select b.position, b.event_id, 'created', null::text, null::text, null::text
    from unnest(v_batch) as b order by b.position;
  else
    return query
    select s.position, s.event_id, s.status, s.code, s.reason, s.detail
    from telemetry.settle_batch(v_batch, v_created) as s;
  end if;
end
$$;
comment on function telemetry.ingest_events(jsonb, text) is
'Stores a batch of events, each id once; one row an event in input order: created, duplicate, conflict or refused. Errors: PT400, PT410, PT413, PT422 (with raise), 55P03, 40001, 40P01';
alter function telemetry.ingest_events(jsonb, text) owner to pylayer_api;
revoke all on function telemetry.ingest_events(jsonb, text) from public;
grant execute on function telemetry.ingest_events(jsonb, text) to pylayer_agent, pylayer_admin;
