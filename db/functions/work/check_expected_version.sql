-- Refuses a write whose writer expects another latest version.
--
-- Parameters: p_expected_version, null is any; p_latest_version, of the locked artifact, 0 where there is none.
-- Errors:     PT409 stale_version.
create or replace function work.check_expected_version(p_expected_version integer, p_latest_version integer)
returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_latest_version <> p_expected_version then
    raise exception using
      errcode = 'PT409', message = 'the artifact has another latest version', constraint = 'stale_version',
      detail = format('expected %s, latest %s', p_expected_version, p_latest_version),
      hint = 'read the latest version, apply your change to it and write again';
  end if;
end
$$;
comment on function work.check_expected_version(integer, integer) is
'Refuses a write whose writer expects another latest version';
alter function work.check_expected_version(integer, integer) owner to pylayer_api;
revoke all on function work.check_expected_version(integer, integer) from public;
