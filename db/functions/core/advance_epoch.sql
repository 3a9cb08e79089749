-- Begins a new epoch: to be called once after the data came back from a backup, before anything writes. Transaction ids that
-- readers outside (exports, subscribers) have kept may be given out again after a recovery, even in the same cluster; the epoch
-- keeps them apart. Refreshes of the rollups leave an epoch that is over for good, so a transaction that has read the old one
-- must end first: the lock waits for it, and whoever comes later reads the new one, or is refused with 40001 where his
-- transaction, of a higher isolation level, began before.
--
-- Returns: the new epoch.
-- Errors:  55P03 something that writes, or a long transaction, has core.settings for 5 seconds: stop it, then call again.
-- Tables:  core.settings (ACCESS EXCLUSIVE until the end of the transaction, then updated).
-- Repeat:  each call begins another epoch, which does no harm.
create or replace function core.advance_epoch() returns integer
language sql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right to change the epoch
set search_path = pg_catalog, pg_temp
set lock_timeout = '5s'
as $$
  lock table core.settings in access exclusive mode;
  update core.settings as s
  set epoch = s.epoch + 1, system_identifier = c.system_identifier
  from pg_control_system() as c
  returning s.epoch
$$;
comment on function core.advance_epoch() is 'Begins a new epoch, after the data came back from a backup and before anything writes. Errors: 55P03';
alter function core.advance_epoch() owner to pylayer_api;
revoke all on function core.advance_epoch() from public;
grant execute on function core.advance_epoch() to pylayer_admin;
