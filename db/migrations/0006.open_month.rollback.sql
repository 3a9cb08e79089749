alter table core.settings
drop column open_month,
drop column open_since;
