-- A digest of the rows of an archived month, and the mark up to which the changes of an item are counted.

alter table telemetry.archives
add column rows_hash text check (rows_hash ~ '^[0-9a-f]{64}$');
comment on column telemetry.archives.rows_hash is
'Digest of the rows by telemetry.month_digest, hex: what a restored month must have; null for archives that are older than it';

alter table telemetry.item_rollups
add column state_event_id text collate "C";
comment on column telemetry.item_rollups.state_event_id is
'The event of its last change by time; null where that was counted before this column was there';
