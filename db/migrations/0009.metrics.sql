-- Running totals of cycle times, so that a scrape of /metrics costs the same however many items there ever were.

-- Bounds of the histograms of cycle times. Stored histograms mean these bounds, so they never change.
create function telemetry.cycle_bounds_seconds() returns numeric array
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select array[
    60, 300, 900, 3600, 14400, 28800, 86400, 172800, 259200, 604800, 1209600, 2592000, 7776000
  ]::numeric[]
$$;
comment on function telemetry.cycle_bounds_seconds() is
'Upper bounds of the histograms of cycle times, seconds, each inclusive; the last bucket, above them all, has none';

create table telemetry.cycle_rollups (
  item_type text collate "C" primary key,
  seconds_sum numeric not null,
  seconds_histogram bigint array not null
) with (fillfactor = 50);  -- room for HOT updates of few, hot rows
comment on table telemetry.cycle_rollups is
'Cycle times of items that succeeded, by type, over all time; only grows: an item that succeeds again counts again';
comment on column telemetry.cycle_rollups.item_type is 'story, task, workflow_run, ...';
comment on column telemetry.cycle_rollups.seconds_sum is
'Sum of the seconds from an item''s first change of state to its success';
comment on column telemetry.cycle_rollups.seconds_histogram is
'Items by those seconds: one count a bucket of telemetry.cycle_bounds_seconds, not cumulative, the last one above all bounds';

alter table telemetry.cycle_rollups owner to pylayer_owner;
alter function telemetry.cycle_bounds_seconds() owner to pylayer_owner;
revoke all on function telemetry.cycle_bounds_seconds() from public;
grant execute on function telemetry.cycle_bounds_seconds()
to pylayer_api, pylayer_admin, pylayer_analyst, pylayer_auditor;
grant select on telemetry.cycle_rollups to pylayer_api, pylayer_admin, pylayer_analyst, pylayer_auditor;
grant insert, update on telemetry.cycle_rollups to pylayer_api;
