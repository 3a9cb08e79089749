drop table telemetry.cycle_rollups;
drop function telemetry.cycle_bounds_seconds();
