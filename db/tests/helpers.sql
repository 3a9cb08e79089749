-- What scripts share; tests/test_pgtap.py makes it in the schema of pgTAP, before any script.

-- "accepted", or the SQLSTATE and the reason with which a statement fails; nothing of a failed one remains.
create function tap.outcome(p_sql text) returns text
language plpgsql volatile
as $$
declare
  v_reason text;
begin
  execute p_sql;
  return 'accepted';
exception when others then
  get stacked diagnostics v_reason = constraint_name;
  return trim(sqlstate || ' ' || v_reason);
end
$$;

-- A good event with an id of a time, changed at its top level.
create function tap.event(p_changes jsonb default '{}', p_at timestamptz default clock_timestamp()) returns jsonb
language sql volatile
as $$
  select jsonb_build_object(
    'event_id', core.new_ulid(p_at),
    'event_name', 'workflow.flow_issue',
    'payload', '{"issue_type": "handoff", "impact": "low"}'::jsonb
  ) || p_changes
$$;

-- A month with events, all counted, that has just come below the retention floor, without any grace; its start.
create function tap.old_month(p_events integer default 3) returns timestamptz
language plpgsql volatile
as $$
declare
  v_month timestamptz := (date_trunc('month', now() at time zone 'UTC') - interval '2 months') at time zone 'UTC';
begin
  alter table core.settings disable trigger settings_guard;
  update core.settings
  set retention_floor = core.ulid_floor(v_month), retention_days = 1, retention_grace = interval '0';
  alter table core.settings enable always trigger settings_guard;
  perform telemetry.make_months(array[v_month]);
  perform telemetry.ingest_event(tap.event('{}', v_month + n * interval '1 hour')) from generate_series(1, p_events) as n;
  insert into telemetry.month_rollups (month, events) values (v_month, p_events);
  perform telemetry.raise_retention_floor();
  return v_month;
end
$$;

-- The next step of retention for a month, with the reason where it waits.
create function tap.next_step(p_month timestamptz) returns text
language sql volatile
as $$
  select concat_ws(' ', s.step, s.reason) from telemetry.retention_steps() as s where s.month = p_month
$$;

-- Detaches a month, in one transaction as these scripts are.
create function tap.detach(p_month timestamptz) returns void
language plpgsql volatile
as $$
begin
  execute format(
    'alter table telemetry.workflow_events detach partition %s',
    (select t.partition from telemetry.month_tables() as t where t.month = p_month)
  );
end
$$;

-- Starts and claims a run; its attempt.
create function tap.running(p_run_id text, p_worker text default 'me') returns integer
language plpgsql volatile
as $$
begin
  perform work.start_execution('nightly', p_run_id => p_run_id);
  return (work.claim_execution(p_run_id, p_worker)).attempt;
end
$$;

-- Moves a run's time on: what was due in a while is due now, and a deadline has passed.
create function tap.later(p_run_id text) returns void
language sql volatile
as $$
  update work.workflow_executions
  set
    due_at = case when due_at is not null then clock_timestamp() end,
    deadline = case when deadline is not null then clock_timestamp() end
  where run_id = p_run_id
$$;

-- The states of a run by its events, in order.
create function tap.states(p_run_id text) returns text
language sql stable
as $$
  select string_agg(w.payload ->> 'to_state', ' ' order by w.recorded_at, w.event_id)
  from telemetry.workflow_events as w
  where w.item_id = p_run_id and w.payload ->> 'item_type' = 'workflow_run'
$$;

-- Stores a checkpoint: of one channel whose value is a blob of these bytes, or none; the outcome.
create function tap.put(
  p_thread text, p_id text, p_parent text default null, p_bytes text default null, p_metadata jsonb default '{}',
  p_ns text default ''
) returns text
language sql volatile
as $$
  select tap.outcome(format(
    'select work.put_checkpoint(%L, %L, %L, %L, %L, %L, %L, %L, %L)',
    p_thread, p_ns, p_id, p_parent, '{"v": 4, "channel_versions": {"c": 1}}', p_metadata,
    case when p_bytes is null then '{}' else '{"c": 0}' end,
    case when p_bytes is null then '[]' else jsonb_build_array(
      jsonb_build_array(encode(sha256(convert_to(p_bytes, 'UTF8')), 'hex'), 'text', octet_length(p_bytes))
    ) end,
    convert_to(coalesce(p_bytes, ''), 'UTF8')
  ))
$$;

-- The ids of a thread's checkpoints in a namespace, the latest first.
create function tap.checkpoint_ids(p_thread text, p_ns text default '') returns text
language sql volatile
as $$
  select coalesce(string_agg(c.entry ->> 'checkpoint_id', ' ' order by c.nth), '')
  from work.list_checkpoints(p_thread, p_ns) as l, jsonb_array_elements(l.checkpoints) with ordinality as c (entry, nth)
$$;
