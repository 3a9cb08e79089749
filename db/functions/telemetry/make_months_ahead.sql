-- Makes this month and those ahead of it; part of pylayer maintain.
--
-- Parameters: p_months, how many months ahead of this one; default core.settings.months_ahead.
-- Returns:    one row a month, as telemetry.make_months.
-- Errors:     PT400 invalid_months; those of telemetry.make_months.
-- Repeat:     safe.
create or replace function telemetry.make_months_ahead(p_months integer default null)
returns table (month timestamptz, partition text, created boolean)
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: admins own no partition
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
#variable_conflict use_column
declare
  v_months integer := coalesce(p_months, (select s.months_ahead from core.settings as s));
begin
  if v_months not between 0 and 24 then
    raise exception using
      errcode = 'PT400', message = 'number of months is out of range', constraint = 'invalid_months',
      detail = v_months::text, hint = '0 to 24';
  end if;
  return query
  select m.month, m.partition, m.created
  from telemetry.make_months(array(
    select now() + make_interval(months => n) from generate_series(0, v_months) as n
  )) as m;
end
$$;
comment on function telemetry.make_months_ahead(integer) is
'Makes the partitions of this month and of those ahead. Errors: PT400 invalid_months, 55P03, PT409 partition_missing';
alter function telemetry.make_months_ahead(integer) owner to pylayer_api;
revoke all on function telemetry.make_months_ahead(integer) from public;
grant execute on function telemetry.make_months_ahead(integer) to pylayer_admin;
