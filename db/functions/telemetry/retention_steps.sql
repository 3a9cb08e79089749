-- What is to be done next with each month below the retention floor that is still there. What was done stands in the
-- catalog and in telemetry.retired_months, so whoever asks after a crash goes on where it ended.
--
-- Returns: one row a month, oldest first: month, its start; partition, its table; step:
--          seal      let nothing be added any more: telemetry.seal_month
--          archive   write and read back its archive (core.settings.archive_enabled)
--          detach    alter table ... detach partition ... concurrently, at top level
--          finalize  alter table ... detach partition ... finalize: a detach did not end
--          drop      telemetry.drop_month
--          attach    telemetry.attach_month: detached, but events of it are not counted, or not archived as they must be
--          wait      for the reason: grace (core.settings.retention_grace), not_counted (the rollups have not read all
--                    of it), restored (until kept_until), restoring (an archive's restore goes on)
-- Tables:  the catalog, core.settings, telemetry.retired_months, archives, month_rollups (read).
create or replace function telemetry.retention_steps()
returns table (month timestamptz, partition text, step text, reason text)
language sql stable parallel safe security definer  -- definer on purpose: callers hold no right on core.settings
set search_path = pg_catalog, pg_temp
as $$
  select d.month, d.partition::text, coalesce(d.step, 'wait'), case when d.step is null then d.reason end
  from (
    select
      t.month,
      t.partition,
      w.reason,
      case
        when t.state = 'restoring' then case when now() > r.restoring_since + interval '1 day' then 'drop' end
        when w.reason in ('restored', 'grace') then null
        when r.sealed_at is null then 'seal'
        when t.state = 'detaching' then 'finalize'
        when t.state = 'detached' and (not n.is_counted or n.lacks_archive) then 'attach'
        when not n.is_counted then null
        when n.lacks_archive then 'archive'
        when t.state = 'attached' then 'detach'
        else 'drop'
      end as step
    from telemetry.month_tables() as t
    inner join telemetry.retired_months as r on r.month = t.month
    cross join core.settings as s
    left join telemetry.archives as a on a.month = t.month
    left join telemetry.month_rollups as m on m.month = t.month
    cross join lateral (
      select
        coalesce(m.events, 0) = r.events as is_counted,
        s.archive_enabled and a.verified_at is null as lacks_archive
    ) as n
    cross join lateral (
      select case
        when t.state = 'restoring' then 'restoring'
        when now() < r.kept_until then 'restored'
        when now() < r.raised_at + s.retention_grace then 'grace'
        else 'not_counted'
      end as reason
    ) as w
  ) as d
  order by d.month
$$;
comment on function telemetry.retention_steps() is
'What is to be done next with each month below the retention floor that is still there';
alter function telemetry.retention_steps() owner to pylayer_api;
revoke all on function telemetry.retention_steps() from public;
grant execute on function telemetry.retention_steps() to pylayer_owner, pylayer_admin, pylayer_analyst, pylayer_auditor;
