-- Schemas, roles, settings, ULIDs and the append-only guard: what every other part stands on.

-- Roles are cluster-wide: made when missing, shared by several databases, never dropped by a rollback.
do $roles$
declare
  v_role text;
  v_purpose text;
begin
  for v_role, v_purpose in
    values
    ('pylayer_owner', 'owns schemas and tables'),
    ('pylayer_api', 'owns the functions, holds DML rights, owns no table'),
    ('pylayer_admin', 'runs maintenance and changes settings'),
    ('pylayer_agent', 'calls the API functions, reads and writes no table directly'),
    ('pylayer_analyst', 'reads tables and views, never secrets'),
    ('pylayer_auditor', 'reads the audit log and verifies it')
  loop
    if to_regrole(v_role) is null then
      begin
        execute format('create role %I nologin', v_role);
        execute format('comment on role %I is %L', v_role, 'pylayer: ' || v_purpose);
      exception when duplicate_object or unique_violation then
        null;  -- another database's migration made it in the meantime
      end;
    end if;
  end loop;
  foreach v_role in array array['pylayer_owner', 'pylayer_api'] loop
    if not pg_has_role(current_user, v_role, 'usage') then
      execute format('grant %I to current_user with inherit true, set true', v_role);
    end if;
  end loop;
  foreach v_role in array array['pylayer_agent', 'pylayer_analyst', 'pylayer_auditor'] loop
    if not pg_has_role('pylayer_admin', v_role, 'usage') then
      execute format('grant %I to pylayer_admin', v_role);
    end if;
  end loop;
end
$roles$;

create schema core authorization pylayer_owner;
create schema telemetry authorization pylayer_owner;
create schema work authorization pylayer_owner;
comment on schema core is 'Settings, ULIDs and guards that every other schema uses';
comment on schema telemetry is 'Workflow events: append-only, deduplicated exactly, partitioned by month';
comment on schema work is 'Artifacts and operational state';
grant usage on schema core, telemetry, work
to pylayer_api, pylayer_admin, pylayer_agent, pylayer_analyst, pylayer_auditor;

-- ULIDs -------------------------------------------------------------------------------------------------------

create domain core.ulid as text collate "C"
constraint ulid_format check (value ~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$');
alter domain core.ulid owner to pylayer_owner;
comment on domain core.ulid is
'ULID: 26 characters of upper-case Crockford base32; 48 bits of milliseconds since 1970, 80 random bits';

-- Milliseconds since 1970 of a well-formed ULID. Without SET search_path, so that it is inlined per row.
create function core.ulid_ms(p_ulid text) returns bigint
language sql immutable strict parallel safe
as $$
  select ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 1, 1)) - 1)::bigint << 45)
    | ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 2, 1)) - 1)::bigint << 40)
    | ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 3, 1)) - 1)::bigint << 35)
    | ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 4, 1)) - 1)::bigint << 30)
    | ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 5, 1)) - 1)::bigint << 25)
    | ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 6, 1)) - 1)::bigint << 20)
    | ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 7, 1)) - 1)::bigint << 15)
    | ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 8, 1)) - 1)::bigint << 10)
    | ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 9, 1)) - 1)::bigint << 5)
    | ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 10, 1)) - 1)::bigint << 0)
$$;
comment on function core.ulid_ms(text) is
'Milliseconds since 1970 in a well-formed ULID; unchecked, for rows that a CHECK or a caller has validated';

-- Eight Crockford characters of a 40-bit number. Without SET search_path, so that it is inlined.
create function core.crockford_8(p_bits bigint) returns text
language sql immutable strict parallel safe
as $$
  select substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_bits >> 35) & 31)::int + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_bits >> 30) & 31)::int + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_bits >> 25) & 31)::int + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_bits >> 20) & 31)::int + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_bits >> 15) & 31)::int + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_bits >> 10) & 31)::int + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_bits >> 5) & 31)::int + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (p_bits & 31)::int + 1, 1)
$$;
comment on function core.crockford_8(bigint) is 'The lowest 40 bits of a number as eight characters of Crockford base32';

-- Without SET search_path, so that it is inlined.
create function core.ms_time(p_ms bigint) returns timestamptz
language sql immutable strict parallel safe
as $$
  select timestamptz '1970-01-01 00:00:00+00' + interval '1 second' * (p_ms / 1000) + interval '1 millisecond' * (p_ms % 1000)
$$;
comment on function core.ms_time(bigint) is 'The time of a number of milliseconds since 1970, exactly';

create function core.ulid_time(p_ulid text) returns timestamptz
language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_ulid !~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$' then
    raise exception using
      errcode = 'PT400', message = 'malformed ULID', constraint = 'invalid_ulid', detail = left(p_ulid, 64),
      hint = 'a ULID is 26 characters of upper-case Crockford base32';
  end if;
  return core.ms_time(core.ulid_ms(p_ulid));
end
$$;
comment on function core.ulid_time(text) is
'Time in a ULID, to the millisecond. Errors: PT400 invalid_ulid';

create function core.ulid_floor(p_ts timestamptz) returns text
language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_ms numeric := floor(extract(epoch from p_ts at time zone 'UTC') * 1000);
begin
  if v_ms not between 0 and 281474976710655 then
    raise exception using
      errcode = 'PT400', message = 'time outside of what a ULID can hold', constraint = 'ulid_time_range',
      detail = v_ms::text || ' milliseconds since 1970', hint = 'a ULID holds times from 1970 to 10889';
  end if;
  return right(core.crockford_8(v_ms::bigint >> 40), 2) || core.crockford_8(v_ms::bigint) || repeat('0', 16);
end
$$;
comment on function core.ulid_floor(timestamptz) is
'The least ULID of a time''s millisecond. Errors: PT400 ulid_time_range';

create function core.new_ulid(p_ts timestamptz default clock_timestamp()) returns text
language plpgsql volatile parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_random bytea := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
begin
  return left(core.ulid_floor(p_ts), 10)  -- the first six bytes of a version 4 UUID are random bits only
    || core.crockford_8(('x' || encode(substr(v_random, 1, 5), 'hex'))::bit(40)::bigint)
    || core.crockford_8(('x' || encode(substr(v_random, 17, 5), 'hex'))::bit(40)::bigint);
end
$$;
comment on function core.new_ulid(timestamptz) is
'A new ULID of a time (default: now) with 80 random bits; not monotonic within a millisecond. Errors: PT400 ulid_time_range';

-- Guard -------------------------------------------------------------------------------------------------------

create function core.forbid_mutation() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = 'PT403', message = 'rows of this table are never changed or removed', constraint = 'append_only',
    detail = format('%s on %I.%I', tg_op, tg_table_schema, tg_table_name),
    hint = 'append a new row instead; only retention removes data, a whole month at a time';
end
$$;
comment on function core.forbid_mutation() is
'Trigger function of append-only tables: refuses UPDATE, DELETE and TRUNCATE for every role. Errors: PT403 append_only';

-- Settings ----------------------------------------------------------------------------------------------------

create table core.settings (
  singleton boolean primary key default true check (singleton),
  inline_limit_bytes integer not null default 512000 check (inline_limit_bytes between 0 and 10485760),
  max_event_bytes integer not null default 1048576 check (max_event_bytes between 1024 and 16777216),
  max_batch_events integer not null default 10000 check (max_batch_events between 1 and 100000),
  max_ts_skew interval not null default interval '1 day' check (max_ts_skew between interval '0' and interval '31 days'),
  max_clock_ahead interval not null default interval '5 minutes'
  check (max_clock_ahead between interval '0' and interval '1 day'),
  months_ahead integer not null default 3 check (months_ahead between 1 and 24),
  retention_days integer not null default 90 check (retention_days between 1 and 36500),
  retention_floor core.ulid not null,
  upload_ttl interval not null default interval '1 day' check (upload_ttl > interval '0'),
  upload_grace interval not null default interval '7 days' check (upload_grace >= interval '0'),
  epoch integer not null default 1 check (epoch > 0),
  system_identifier bigint not null,
  updated_at timestamptz not null default now()
);
comment on table core.settings is 'One row: the limits and marks that the rules read';
comment on column core.settings.singleton is 'Always true: the table has one row';
comment on column core.settings.inline_limit_bytes is 'Greatest size of inline artifact content, bytes';
comment on column core.settings.max_event_bytes is 'Greatest size of one event, bytes of its jsonb form';
comment on column core.settings.max_batch_events is 'Greatest number of events in one call';
comment on column core.settings.max_ts_skew is 'Greatest distance between an event''s ts and the time in its id; readers widen by it, so it only grows';
comment on column core.settings.max_clock_ahead is 'How far in the future the time in an event id may lie';
comment on column core.settings.months_ahead is 'Monthly partitions that maintenance keeps ready ahead of now';
comment on column core.settings.retention_days is 'Days that raw events are kept at least';
comment on column core.settings.retention_floor is 'Least event id that is accepted; it only grows';
comment on column core.settings.upload_ttl is 'How long a reserved upload may be committed';
comment on column core.settings.upload_grace is 'How long after expiry the leftovers of an upload are deleted again';
comment on column core.settings.epoch is 'Number of clusters this data has lived in; orders transaction ids of different clusters';
comment on column core.settings.system_identifier is 'pg_control_system().system_identifier of the epoch''s cluster';
comment on column core.settings.updated_at is 'Last change';

create function core.settings_guard() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if new.retention_floor < old.retention_floor or new.epoch < old.epoch or new.max_ts_skew < old.max_ts_skew then
    raise exception using
      errcode = 'PT403', message = 'this setting only grows', constraint = 'only_grows',
      detail = format(
        'retention_floor %s -> %s, epoch %s -> %s, max_ts_skew %s -> %s',
        old.retention_floor, new.retention_floor, old.epoch, new.epoch, old.max_ts_skew, new.max_ts_skew
      ),
      hint = 'a lower floor would let duplicates of dropped events back in, a smaller skew would hide stored events from readers';
  end if;
  new.updated_at := now();
  return new;
end
$$;
comment on function core.settings_guard() is
'Trigger function: the retention floor, the epoch and max_ts_skew only grow. Errors: PT403 only_grows';

create trigger settings_guard before update on core.settings
for each row execute function core.settings_guard();
create trigger settings_keep before delete on core.settings
for each row execute function core.forbid_mutation();
create trigger settings_keep_all before truncate on core.settings
for each statement execute function core.forbid_mutation();
alter table core.settings enable always trigger settings_guard;
alter table core.settings enable always trigger settings_keep;
alter table core.settings enable always trigger settings_keep_all;

insert into core.settings (retention_floor, system_identifier)
select
  core.ulid_floor(date_trunc('month', now() - interval '90 days', 'UTC')),
  c.system_identifier
from pg_control_system() as c;

-- What is applied ---------------------------------------------------------------------------------------------

create table core.schema_files (
  path text primary key,
  kind text not null check (kind in ('migration', 'function', 'view')),
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  applied_at timestamptz not null default now(),
  identity text[]
);
comment on table core.schema_files is 'Files that made this schema, with the hash that each had when it was applied';
comment on column core.schema_files.path is 'Path below db/';
comment on column core.schema_files.kind is 'migration, function or view';
comment on column core.schema_files.sha256 is 'sha256 of the file, hex';
comment on column core.schema_files.applied_at is 'When it was last applied';
comment on column core.schema_files.identity is 'What the file made: signatures of functions, names of views and triggers';

-- Owners and rights -------------------------------------------------------------------------------------------

alter table core.settings owner to pylayer_owner;
alter table core.schema_files owner to pylayer_owner;
alter function core.ulid_ms(text) owner to pylayer_owner;
alter function core.crockford_8(bigint) owner to pylayer_owner;
alter function core.ms_time(bigint) owner to pylayer_owner;
alter function core.ulid_time(text) owner to pylayer_owner;
alter function core.ulid_floor(timestamptz) owner to pylayer_owner;
alter function core.new_ulid(timestamptz) owner to pylayer_owner;
alter function core.forbid_mutation() owner to pylayer_owner;
alter function core.settings_guard() owner to pylayer_owner;

revoke all on function core.ulid_ms(text), core.crockford_8(bigint), core.ms_time(bigint), core.ulid_time(text),
core.ulid_floor(timestamptz), core.new_ulid(timestamptz), core.forbid_mutation(), core.settings_guard()
from public;
grant execute on function core.ulid_ms(text), core.crockford_8(bigint), core.ms_time(bigint), core.ulid_time(text),
core.ulid_floor(timestamptz), core.new_ulid(timestamptz)
to pylayer_api, pylayer_admin, pylayer_agent, pylayer_analyst, pylayer_auditor;

grant select on core.settings, core.schema_files
to pylayer_api, pylayer_admin, pylayer_analyst, pylayer_auditor;
grant update on core.settings to pylayer_api;
grant update (
  inline_limit_bytes, max_event_bytes, max_batch_events, max_ts_skew, max_clock_ahead, months_ahead, retention_days,
  upload_ttl, upload_grace
) on core.settings to pylayer_admin;
