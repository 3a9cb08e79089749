-- Retention and archives: how months leave the table of events, and where they went.

alter table core.settings
add column archive_enabled boolean not null default false,
add column retention_grace interval not null default interval '1 day'
check (retention_grace between interval '0' and interval '365 days');
comment on column core.settings.archive_enabled is 'A month goes to object storage, and is read back, before it is dropped';
comment on column core.settings.retention_grace is
'How long after the retention floor has passed a month its events stay in the table at least';
grant update (archive_enabled, retention_grace) on core.settings to pylayer_admin;

create table telemetry.retired_months (
  month timestamptz primary key
  check (month = date_trunc('month', month at time zone 'UTC') at time zone 'UTC'),
  raised_at timestamptz not null default now(),
  sealed_at timestamptz,
  events bigint check (events >= 0),
  dropped_at timestamptz,
  restoring_since timestamptz,
  kept_until timestamptz,
  check ((sealed_at is null) = (events is null)),
  check (dropped_at is null or sealed_at is not null),
  check (restoring_since is null or dropped_at is not null)
);
comment on table telemetry.retired_months is
'Months below the retention floor and how far each has come: sealed, counted, archived, detached, dropped';
comment on column telemetry.retired_months.month is 'Start of the month, UTC';
comment on column telemetry.retired_months.raised_at is 'When maintenance first saw the month below the floor';
comment on column telemetry.retired_months.sealed_at is 'Since when nothing can be added to it';
comment on column telemetry.retired_months.events is 'Events in it when it was sealed: the number for ever';
comment on column telemetry.retired_months.dropped_at is 'When it was dropped; null again once it is restored';
comment on column telemetry.retired_months.restoring_since is 'When an archive''s restore began that has not ended';
comment on column telemetry.retired_months.kept_until is 'Until when a restored month stays';

create table telemetry.archives (
  month timestamptz primary key,
  storage_key text not null unique,
  rows bigint not null check (rows >= 0),
  size_bytes bigint not null check (size_bytes > 0),
  content_hash text not null check (content_hash ~ '^[0-9a-f]{64}$'),
  min_event_id core.ulid,
  max_event_id core.ulid,
  archived_at timestamptz not null default now(),
  verified_at timestamptz,
  check ((rows = 0) = (min_event_id is null) and (rows = 0) = (max_event_id is null) and min_event_id <= max_event_id)
);
comment on table telemetry.archives is 'Months in object storage, one Parquet file each';
comment on column telemetry.archives.month is 'Start of the month, UTC';
comment on column telemetry.archives.storage_key is 'Key of the file in the bucket';
comment on column telemetry.archives.rows is 'Events in the file';
comment on column telemetry.archives.size_bytes is 'Size of the file';
comment on column telemetry.archives.content_hash is 'sha256 of the file, hex';
comment on column telemetry.archives.min_event_id is 'Least event id in the file; null when it has no event';
comment on column telemetry.archives.max_event_id is 'Greatest event id in the file; null when it has no event';
comment on column telemetry.archives.archived_at is 'When it was stored';
comment on column telemetry.archives.verified_at is 'When it was last read back whole and found right; null: never';

-- The guard of a sealed month against a writer that still sees the floor as it was.
create function telemetry.forbid_late_insert() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = 'PT410', message = 'event id is below the retention floor', constraint = 'below_retention_floor',
    detail = format('INSERT on %I.%I', tg_table_schema, tg_table_name),
    hint = 'events of that time have been dropped; see telemetry.retention_floor()';
end
$$;
comment on function telemetry.forbid_late_insert() is
'Trigger function of sealed months: refuses INSERT for every role. Errors: PT410 below_retention_floor';

alter table telemetry.retired_months owner to pylayer_owner;
alter table telemetry.archives owner to pylayer_owner;
alter function telemetry.forbid_late_insert() owner to pylayer_owner;
revoke all on function telemetry.forbid_late_insert() from public;
grant select on telemetry.retired_months, telemetry.archives
to pylayer_api, pylayer_admin, pylayer_analyst, pylayer_auditor;
grant insert, update on telemetry.retired_months, telemetry.archives to pylayer_api;
