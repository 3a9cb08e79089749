-- Counts the events of a month and takes a digest of all that they hold: who knows it can tell the month from any other.
-- The digest is a chain in the order of ids, from the sha256 of nothing: that of a row is the sha256 of the one before it,
-- followed by the row as the text of a JSON array. JSON is written alike in every session, and times stand in it as
-- microseconds. One row at a time is in memory.
--
-- Parameters: p_table, the month's table.
-- Returns:    one row: rows; least and greatest id, null without rows; digest, hex.
-- Tables:     the month (read whole, in the order of its primary key).
create or replace function telemetry.month_digest(
  p_table regclass, out rows bigint, out min_event_id text, out max_event_id text, out rows_hash text
)
returns record
language plpgsql stable parallel unsafe
set search_path = pg_catalog, pg_temp
set enable_sort = off  -- the primary key has them in order
set jit = off
as $$
declare
  v_chain bytea := sha256('');
  v_event_id text;
  v_content bytea;
begin
  rows := 0;
  for v_event_id, v_content in execute format(
    $rows$
      select
        w.event_id,
        convert_to(
          json_build_array(
            w.event_id, w.event_version, w.event_name, (extract(epoch from w.ts) * 1000000)::bigint, w.run_id, w.item_id,
            w.workflow_name, w.agent_role, w.payload, w.project_id, w.metadata,
            (extract(epoch from w.recorded_at) * 1000000)::bigint, w.recorded_epoch, w.recorded_xid
          )::text,
          'UTF8'
        ) as content
      from %s as w
      order by w.event_id
    $rows$,
    p_table
  ) loop
    v_chain := sha256(v_chain || v_content);
    rows := rows + 1;
    min_event_id := coalesce(min_event_id, v_event_id);
    max_event_id := v_event_id;
  end loop;
  rows_hash := encode(v_chain, 'hex');
end
$$;
comment on function telemetry.month_digest(regclass) is
'Number, least and greatest id, and digest of the events of a month: a chain of sha256 over its rows in the order of ids';
alter function telemetry.month_digest(regclass) owner to pylayer_owner;
revoke all on function telemetry.month_digest(regclass) from public;
