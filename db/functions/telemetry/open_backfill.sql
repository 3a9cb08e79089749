-- Makes the months of a range ahead of a backfill, so that no writer has to. Only above the retention floor.
--
-- Parameters: p_from, p_to: the range of event times, p_to exclusive.
-- Returns:    one row a month, as telemetry.make_months.
-- Errors:     PT400 invalid_range; PT410 below_retention_floor; PT422 in_the_future; those of telemetry.make_months.
-- Repeat:     safe.
create or replace function telemetry.open_backfill(p_from timestamptz, p_to timestamptz)
returns table (month timestamptz, partition text, created boolean)
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: admins own no partition
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
#variable_conflict use_column
declare
  v_floor timestamptz := core.ulid_time(telemetry.retention_floor());
begin
  if p_from is null or p_to is null or p_from >= p_to then
    raise exception using
      errcode = 'PT400', message = 'range is empty', constraint = 'invalid_range',
      detail = format('%s to %s', p_from, p_to), hint = 'p_from lies before p_to';
  elsif p_from < v_floor then
    raise exception using
      errcode = 'PT410', message = 'range begins below the retention floor', constraint = 'below_retention_floor',
      detail = format('%s, floor %s', p_from, v_floor), hint = 'the floor only grows: restore an archive instead';
  elsif p_to > now() + interval '1 month' then
    raise exception using
      errcode = 'PT422', message = 'range ends in the future', constraint = 'in_the_future',
      detail = p_to::text, hint = 'a backfill is of the past';
  end if;
  return query
  select m.month, m.partition, m.created
  from telemetry.make_months(array(
    select generate_series(date_trunc('month', p_from, 'UTC'), p_to - interval '1 microsecond', interval '1 month')
  )) as m;
end
$$;
comment on function telemetry.open_backfill(timestamptz, timestamptz) is
'Makes the months of a range above the retention floor ahead of a backfill. Errors: PT400, PT410, PT422, 55P03';
alter function telemetry.open_backfill(timestamptz, timestamptz) owner to pylayer_api;
revoke all on function telemetry.open_backfill(timestamptz, timestamptz) from public;
grant execute on function telemetry.open_backfill(timestamptz, timestamptz) to pylayer_admin;
