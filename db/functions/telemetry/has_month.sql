-- Whether the monthly partition of a time is there to insert into. To be asked in a statement before the insert.
-- A month becomes visible a moment before other sessions are told to forget what they know of the table, and an insert in
-- that moment finds no partition. Its maker still holds a lock on it: pg_relation_size waits for that lock, and having it
-- brings this session up to date. Neither that function nor pg_partition_root looks through the transaction's snapshot, so
-- that repeatable read sees a month that was made after it began. Without SET search_path, so that it is inlined where its
-- argument is cheap, on the ingest path.
--
-- Parameters: p_id_ts, the time in an event id.
-- Returns:    false when there is no such partition yet, or p_id_ts is null.
create or replace function telemetry.has_month(p_id_ts timestamptz) returns boolean
language sql volatile parallel unsafe
as $$
  select pg_relation_size(to_regclass(telemetry.partition_name(p_id_ts))) is not null
    -- a table that only has the name, such as a detached month, is none
    and pg_partition_root(to_regclass(telemetry.partition_name(p_id_ts)))
    is not distinct from 'telemetry.workflow_events'::regclass
$$;
comment on function telemetry.has_month(timestamptz) is
'True when the monthly partition of the time in an event id can be inserted into; waits for a session that is making it';
alter function telemetry.has_month(timestamptz) owner to pylayer_api;
revoke all on function telemetry.has_month(timestamptz) from public;
grant execute on function telemetry.has_month(timestamptz) to pylayer_owner;
