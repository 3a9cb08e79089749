-- Begins a new epoch: to be called once after the data came back from a backup, before anything writes. Transaction ids that
-- readers outside (exports, subscribers) have kept may be given out again after a recovery, even in the same cluster; the epoch
-- keeps them apart.
--
-- Returns: the new epoch.
-- Tables:  core.settings (updated).
-- Repeat:  each call begins another epoch, which does no harm.
create or replace function core.advance_epoch() returns integer
language sql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right to change the epoch
set search_path = pg_catalog, pg_temp
as $$
  update core.settings as s
  set epoch = s.epoch + 1, system_identifier = c.system_identifier
  from pg_control_system() as c
  returning s.epoch
$$;
comment on function core.advance_epoch() is 'Begins a new epoch, after the data came back from a backup';
alter function core.advance_epoch() owner to pylayer_api;
revoke all on function core.advance_epoch() from public;
grant execute on function core.advance_epoch() to pylayer_admin;
