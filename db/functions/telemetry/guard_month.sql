-- Guards a month by triggers of its own, which stay when it is detached: those that it has from the table of events go then.
--
-- Parameters: p_table, the month's table.
-- Returns:    nothing.
-- Locks:      SHARE ROW EXCLUSIVE on the table until the end of the transaction: waits for its writers.
-- Repeat:     safe.
create or replace function telemetry.guard_month(p_table regclass) returns void
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
begin
  execute format(
    'create or replace trigger workflow_events_sealed before insert on %s '
    'for each row execute function telemetry.forbid_late_insert()', p_table
  );
  execute format(
    'create or replace trigger workflow_events_keep before update or delete on %s '
    'for each row execute function core.forbid_mutation()', p_table
  );
  execute format(
    'create or replace trigger workflow_events_keep_all before truncate on %s '
    'for each statement execute function core.forbid_mutation()', p_table
  );
  execute format(
    'alter table %s enable always trigger workflow_events_sealed, enable always trigger workflow_events_keep, '
    'enable always trigger workflow_events_keep_all', p_table
  );
end
$$;
comment on function telemetry.guard_month(regclass) is
'Guards a month against INSERT, UPDATE, DELETE and TRUNCATE by triggers that stay when it is detached';
alter function telemetry.guard_month(regclass) owner to pylayer_owner;
revoke all on function telemetry.guard_month(regclass) from public;
