-- Locks an artifact for a write of a version, and refuses a write that does not fit it.
--
-- Parameters: p_artifact_id; p_type, null when the artifact must exist, else one is made where there is none;
--             p_expected_version, the latest version that the writer expects (0: none), null is any.
-- Returns:    one row: what the locked row says. latest_version is 0 where no version is committed.
-- Errors:     PT404 no_artifact; PT409 type_mismatch, stale_version.
-- Tables:     work.artifacts (row locked until the end of the transaction, inserted).
-- Repeat:     safe.
create or replace function work.lock_artifact(
  p_artifact_id text,
  p_type text,
  p_expected_version integer,
  out type text,
  out latest_version integer,
  out reserved_version integer,
  out latest_content_hash text
) returns record
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
begin
  loop
    select a.type, a.latest_version, a.reserved_version, a.latest_content_hash
    into type, latest_version, reserved_version, latest_content_hash
    from work.artifacts as a
    where a.artifact_id = p_artifact_id
    for no key update;
    exit when found;
    if p_type is null then
      perform work.refuse_missing(p_artifact_id => p_artifact_id, p_version => null);
    end if;
    -- Another session may insert the same id: the next round locks whichever came first.
    insert into work.artifacts (artifact_id, type) values (p_artifact_id, p_type) on conflict do nothing;
  end loop;
  if p_type is null and latest_version = 0 then
    perform work.refuse_missing(p_artifact_id => p_artifact_id, p_version => null);
  end if;
  if type <> p_type then
    raise exception using
      errcode = 'PT409', message = 'the artifact has another type', constraint = 'type_mismatch',
      detail = format('artifact %s has type %s, given %s', p_artifact_id, type, p_type),
      hint = 'a type never changes: give the artifact''s own, or another artifact_id';
  end if;
  perform work.check_expected_version(p_expected_version => p_expected_version, p_latest_version => latest_version);
end
$$;
comment on function work.lock_artifact(text, text, integer) is
'Locks an artifact for a write of a version, makes it where needed, checks type and expected version';
alter function work.lock_artifact(text, text, integer) owner to pylayer_api;
revoke all on function work.lock_artifact(text, text, integer) from public;
