drop function telemetry.forbid_late_insert();
drop table telemetry.archives;
drop table telemetry.retired_months;
alter table core.settings
drop column retention_grace,
drop column archive_enabled;
