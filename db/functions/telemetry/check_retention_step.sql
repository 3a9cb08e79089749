-- Refuses a step of retention that is not the next one of its month.
--
-- Parameters: p_month, any time within the month; p_step, as telemetry.retention_steps names it.
-- Returns:    the month's table.
-- Errors:     PT404 no_retired_month; PT409 not_due.
-- Locks:      the month's row of telemetry.retired_months: steps of a month are taken one after the other.
create or replace function telemetry.check_retention_step(p_month timestamptz, p_step text) returns regclass
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_found record;
begin
  perform from telemetry.retired_months as r where r.month = date_trunc('month', p_month, 'UTC') for update;
  select s.partition, s.step, s.reason into v_found
  from telemetry.retention_steps() as s where s.month = date_trunc('month', p_month, 'UTC');
  if v_found.step is null then
    raise exception using
      errcode = 'PT404', message = 'there is no such month below the retention floor', constraint = 'no_retired_month',
      detail = coalesce(p_month::text, 'null'), hint = 'telemetry.retention_steps() lists them';
  elsif v_found.step <> p_step then
    raise exception using
      errcode = 'PT409', message = 'another step of retention comes first', constraint = 'not_due',
      detail = concat_ws(' ', p_month, p_step, 'asked for, next is', v_found.step, v_found.reason),
      hint = 'telemetry.retention_steps() says what comes next';
  end if;
  return to_regclass(v_found.partition);
end
$$;
comment on function telemetry.check_retention_step(timestamptz, text) is
'Refuses a step of retention that is not the next one of its month. Errors: PT404 no_retired_month, PT409 not_due';
alter function telemetry.check_retention_step(timestamptz, text) owner to pylayer_owner;
revoke all on function telemetry.check_retention_step(timestamptz, text) from public;
