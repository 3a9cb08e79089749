-- The key of a month's archive: the path of Hive's partitions, which DuckDB, Spark and others read in place.
--
-- Parameters: p_month, any time within the month.
-- Returns:    archives/workflow_events/month=YYYY-MM/part-0.parquet
create or replace function telemetry.archive_key(p_month timestamptz) returns text
language sql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select format('archives/workflow_events/month=%s/part-0.parquet', to_char(p_month at time zone 'UTC', 'YYYY-MM'))
$$;
comment on function telemetry.archive_key(timestamptz) is
'Key of a month''s archive: archives/workflow_events/month=YYYY-MM/part-0.parquet';
alter function telemetry.archive_key(timestamptz) owner to pylayer_api;
revoke all on function telemetry.archive_key(timestamptz) from public;
grant execute on function telemetry.archive_key(timestamptz) to pylayer_owner, pylayer_admin;
