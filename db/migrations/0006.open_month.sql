-- The month that events of now go into, so that storing one event need not ask for its partition each time.

alter table core.settings
add column open_month tstzrange,
add column open_since timestamptz;
comment on column core.settings.open_month is
'The latest month whose partition is known to be there for every session; telemetry.note_open_month sets it';
comment on column core.settings.open_since is
'Start of the server''s run in which open_month and the cluster''s identity were looked up; in another run they are looked up anew';
