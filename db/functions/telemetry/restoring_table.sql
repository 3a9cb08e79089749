-- The table of a month that is being restored.
--
-- Parameters: p_month, any time within the month.
-- Returns:    the table.
-- Errors:     PT409 not_restoring.
-- Locks:      the month's row of telemetry.retired_months: two restores of a month take turns.
create or replace function telemetry.restoring_table(p_month timestamptz) returns regclass
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_month timestamptz := date_trunc('month', p_month, 'UTC');
  v_table regclass;
begin
  perform from telemetry.retired_months as r where r.month = v_month for update;
  select t.partition into v_table from telemetry.month_tables() as t where t.month = v_month and t.state = 'restoring';
  if v_table is null then
    raise exception using
      errcode = 'PT409', message = 'the month is not being restored', constraint = 'not_restoring',
      detail = coalesce(p_month::text, 'null'), hint = 'telemetry.begin_restore comes first';
  end if;
  return v_table;
end
$$;
comment on function telemetry.restoring_table(timestamptz) is
'Table of a month that is being restored. Errors: PT409 not_restoring';
alter function telemetry.restoring_table(timestamptz) owner to pylayer_owner;
revoke all on function telemetry.restoring_table(timestamptz) from public;
