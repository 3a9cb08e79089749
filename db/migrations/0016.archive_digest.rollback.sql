alter table telemetry.item_rollups drop column state_event_id;
alter table telemetry.archives drop column rows_hash;
