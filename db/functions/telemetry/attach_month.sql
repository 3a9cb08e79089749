-- Puts a month that stands beside the table of events back into it, sealed as it is.
--
-- Parameters: p_month, any time within the month.
-- Returns:    nothing.
-- Errors:     PT409 not_detached; 55P03 a lock could not be had within 2 seconds: the same call again, later.
-- Locks:      the month's row of telemetry.retired_months; SHARE UPDATE EXCLUSIVE on telemetry.workflow_events (readers
--             and writers go on), ACCESS EXCLUSIVE on the month.
-- Repeat:     refused with not_detached once it is attached.
create or replace function telemetry.attach_month(p_month timestamptz) returns void
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: only the owner attaches partitions
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set lock_timeout = '2s'
as $$
declare
  v_month timestamptz := date_trunc('month', p_month, 'UTC');
  v_table regclass;
begin
  perform from telemetry.retired_months as r where r.month = v_month for update;
  select t.partition into v_table
  from telemetry.month_tables() as t
  inner join telemetry.retired_months as r on r.month = t.month
  where t.month = v_month and t.state = 'detached' and r.sealed_at is not null;
  if v_table is null then
    raise exception using
      errcode = 'PT409', message = 'there is no such month beside the table of events', constraint = 'not_detached',
      detail = coalesce(p_month::text, 'null'), hint = 'telemetry.retention_steps() says what comes next';
  end if;
  execute format(
    'alter table telemetry.workflow_events attach partition %s for values from (%L) to (%L)',
    v_table, core.ulid_floor(v_month), core.ulid_floor(v_month + interval '1 month')
  );
end
$$;
comment on function telemetry.attach_month(timestamptz) is
'Puts a sealed month that stands beside the table of events back into it. Errors: PT409 not_detached, 55P03';
alter function telemetry.attach_month(timestamptz) owner to pylayer_owner;
revoke all on function telemetry.attach_month(timestamptz) from public;
grant execute on function telemetry.attach_month(timestamptz) to pylayer_admin;
