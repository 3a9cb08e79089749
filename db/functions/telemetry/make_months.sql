-- Makes the monthly partitions that are missing, through pg_partman, each guarded against TRUNCATE.
-- One session at a time; a month that another session has just made is seen once the lock is held. The retention floor is
-- read under a lock of its row: a writer whose snapshot shows an older one must not make a month that was dropped.
--
-- Parameters: p_months, any time within each month.
-- Returns:    one row a month asked for: its start, its partition, and whether this call made it.
-- Errors:     PT410 below_retention_floor; 55P03 the locks could not be had within 5 seconds: the same call again; 40001
--             core.settings has changed since a transaction of a higher isolation level began; PT409 partition_missing:
--             pg_partman did not make a month, the server's log says why.
-- Locks:      advisory lock of telemetry.workflow_events' oid, then SHARE UPDATE EXCLUSIVE on telemetry.workflow_events,
--             then the row of core.settings (shared), all until the end of the transaction. Readers and writers go on.
-- Repeat:     safe.
create or replace function telemetry.make_months(p_months timestamptz[])
returns table (month timestamptz, partition text, created boolean)
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: only the tables' owner attaches partitions
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set lock_timeout = '5s'
as $$
#variable_conflict use_column
declare
  v_missing timestamptz[];
  v_floor core.ulid;
begin
  v_missing := array(
    select distinct date_trunc('month', m.ts, 'UTC') from unnest(p_months) as m (ts)
    where telemetry.month_partition(m.ts) is null order by 1
  );
  if cardinality(v_missing) > 0 then
    perform pg_advisory_xact_lock('telemetry.workflow_events'::regclass::oid::bigint);
    lock table telemetry.workflow_events in share update exclusive mode;
    v_missing := array(select m.ts from unnest(v_missing) as m (ts) where telemetry.month_partition(m.ts) is null);
    select s.retention_floor into v_floor from core.settings as s for share;
    if core.ulid_time(v_floor) > any (v_missing) then
      raise exception using
        errcode = 'PT410', message = 'a month lies below the retention floor', constraint = 'below_retention_floor',
        detail = format('%s, floor %s', v_missing[1], core.ulid_time(v_floor)),
        hint = 'the floor only grows: restore an archive instead';
    end if;
    perform partman.create_partition_time('telemetry.workflow_events', v_missing);
    perform telemetry.guard_partitions();
    if exists (select from unnest(v_missing) as m (ts) where telemetry.month_partition(m.ts) is null) then
      raise exception using
        errcode = 'PT409', message = 'pg_partman did not make a month', constraint = 'partition_missing',
        detail = v_missing::text, hint = 'run pylayer doctor; a table of that name may be in the way';
    end if;
  end if;
  return query
  select n.ts, telemetry.month_partition(n.ts)::text, n.ts = any (v_missing)
  from (select distinct date_trunc('month', m.ts, 'UTC') as ts from unnest(p_months) as m (ts)) as n
  order by n.ts;
end
$$;
comment on function telemetry.make_months(timestamptz[]) is
'Makes missing monthly partitions of the events through pg_partman. Errors: PT410 below_retention_floor, 55P03, 40001, PT409 partition_missing';
alter function telemetry.make_months(timestamptz[]) owner to pylayer_owner;
revoke all on function telemetry.make_months(timestamptz[]) from public;
grant execute on function telemetry.make_months(timestamptz[]) to pylayer_api;
