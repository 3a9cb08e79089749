-- Puts rows of an archive into the table that telemetry.begin_restore made.
--
-- Parameters: p_month, any time within the month; p_rows, a JSON array of objects with the columns of the file: payload
--             and metadata are strings of JSON, so that no number in them is read by anything but the database.
-- Returns:    rows that were not there yet.
-- Errors:     PT409 not_restoring.
-- Tables:     the month's table (rows inserted); telemetry.retired_months (row locked).
-- Repeat:     safe.
create or replace function telemetry.restore_events(p_month timestamptz, p_rows jsonb) returns integer
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: admins hold no right to write tables
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
  v_rows integer;
begin
  execute format(
    $insert$
      insert into %s (
        event_id, event_version, event_name, ts, run_id, item_id, workflow_name, agent_role, payload, project_id,
        metadata, recorded_at, recorded_epoch, recorded_xid
      )
      select
        r.event_id, r.event_version, r.event_name, r.ts, r.run_id, r.item_id, r.workflow_name, r.agent_role,
        r.payload::jsonb, r.project_id, r.metadata::jsonb, r.recorded_at, r.recorded_epoch, r.recorded_xid
      from jsonb_to_recordset($1) as r (
        event_id text, event_version integer, event_name text, ts timestamptz, run_id text, item_id text,
        workflow_name text, agent_role text, payload text, project_id text, metadata text, recorded_at timestamptz,
        recorded_epoch integer, recorded_xid bigint
      )
      on conflict (event_id) do nothing
    $insert$,
    telemetry.restoring_table(p_month => p_month)
  ) using p_rows;
  get diagnostics v_rows = row_count;
  return v_rows;
end
$$;
comment on function telemetry.restore_events(timestamptz, jsonb) is
'Puts rows of an archive into the month that is being restored. Errors: PT409 not_restoring';
alter function telemetry.restore_events(timestamptz, jsonb) owner to pylayer_owner;
revoke all on function telemetry.restore_events(timestamptz, jsonb) from public;
grant execute on function telemetry.restore_events(timestamptz, jsonb) to pylayer_admin;
