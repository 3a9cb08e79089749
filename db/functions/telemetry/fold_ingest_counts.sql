-- Folds the counts of repeated events into one row, so that the table stays small; part of pylayer maintain.
--
-- Returns:    duplicates and conflicts counted so far, over all time.
-- Tables:     telemetry.ingest_counts (rows deleted, their sum inserted, in one statement). A row that is not committed
--             yet is left for the next time; two folds at once wait for each other and fold each row once.
-- Repeat:     safe.
create or replace function telemetry.fold_ingest_counts(out duplicates bigint, out conflicts bigint)
returns record
language sql volatile parallel unsafe security definer  -- definer on purpose: admins hold no right to write tables
set search_path = pg_catalog, pg_temp
as $$
  with folded as (
    delete from telemetry.ingest_counts as c returning c.duplicates, c.conflicts
  )
  insert into telemetry.ingest_counts (duplicates, conflicts)
  select coalesce(sum(f.duplicates), 0), coalesce(sum(f.conflicts), 0) from folded as f
  returning duplicates, conflicts
$$;
comment on function telemetry.fold_ingest_counts() is
'Folds the counts of repeated events into one row and returns the totals';
alter function telemetry.fold_ingest_counts() owner to pylayer_api;
revoke all on function telemetry.fold_ingest_counts() from public;
grant execute on function telemetry.fold_ingest_counts() to pylayer_admin;
