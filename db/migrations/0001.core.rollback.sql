-- Roles stay: they are cluster-wide, and another database may use them.
drop table core.schema_files;
drop table core.settings;
drop function core.settings_guard();
drop function core.forbid_mutation();
drop function core.new_ulid(timestamptz);
drop function core.ulid_floor(timestamptz);
drop function core.ulid_time(text);
drop function core.ms_time(bigint);
drop function core.crockford_8(bigint);
drop function core.ulid_ms(text);
drop domain core.ulid;
drop schema work;
drop schema telemetry;
drop schema core;
