-- The epoch that rows stored now belong to. Transaction ids restart low in a restored cluster, so the first call
-- in a cluster with another system identifier advances the epoch, under the row lock of core.settings. A transaction of a
-- higher isolation level may have begun before the epoch did: it is refused rather than given the one that is over.
--
-- Returns: the epoch, from 1.
-- Errors:  40001 core.settings has changed since a transaction of a higher isolation level began.
-- Tables:  core.settings (read; on the first call in a new cluster updated; its row locked, shared, by a transaction of a
--          higher isolation level).
-- Repeat:  safe.
create or replace function core.current_epoch() returns integer
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on core.settings
set search_path = pg_catalog, pg_temp
as $$
declare
  v_system bigint := (select c.system_identifier from pg_control_system() as c);
  v_epoch integer;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    perform from core.settings for share;
  end if;
  select s.epoch into v_epoch from core.settings as s where s.system_identifier = v_system;
  if not found then
    update core.settings as s
    set epoch = s.epoch + 1, system_identifier = v_system
    where s.system_identifier <> v_system;
    select s.epoch into v_epoch from core.settings as s;
  end if;
  return v_epoch;
end
$$;
comment on function core.current_epoch() is
'Epoch of this cluster; advances once when the data has moved to another cluster';
alter function core.current_epoch() owner to pylayer_api;
revoke all on function core.current_epoch() from public;
grant execute on function core.current_epoch() to pylayer_api, pylayer_admin;
