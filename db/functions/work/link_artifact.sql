-- Links a version of an artifact to an item, a run, an event, a workflow, or several of them at once.
--
-- Parameters:
--   p_artifact_id  ULID
--   p_link_type    kind of link: a lower-case letter, then up to 62 of a-z, 0-9, _, . and -
--   p_version      version; null is the latest
--   p_item_id, p_run_id, p_workflow_name  free text of at most 500 characters each and 2000 bytes together
--   p_event_id     ULID
-- Returns: one row: the link; created is false when it was there.
-- Errors:  PT400 invalid_artifact_id, invalid_link_type, invalid_link, invalid_event_id; PT404 no_artifact, no_version.
-- Tables:  work.artifacts, work.artifact_versions (read), work.artifact_links (inserted).
-- Repeat:  safe; with p_version null as long as no version was made in between.
create or replace function work.link_artifact(
  p_artifact_id text,
  p_link_type text,
  p_version integer default null,
  p_item_id text default null,
  p_run_id text default null,
  p_event_id text default null,
  p_workflow_name text default null
) returns table (
  artifact_id text,
  version integer,
  link_type text,
  item_id text,
  run_id text,
  event_id text,
  workflow_name text,
  created boolean
)
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_version integer;
begin
  if p_link_type is null or p_link_type !~ '^[a-z][a-z0-9_.-]{0,62}$' then
    raise exception using
      errcode = 'PT400', message = 'link_type is not a name', constraint = 'invalid_link_type',
      detail = coalesce(left(p_link_type, 64), 'null'), hint = 'use a lower-case letter, then up to 62 of a-z, 0-9, _, . and -';
  end if;
  if p_event_id !~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$' then
    raise exception using
      errcode = 'PT400', message = 'event_id is not a ULID', constraint = 'invalid_event_id',
      detail = left(p_event_id, 64), hint = 'a ULID is 26 characters of upper-case Crockford base32';
  end if;
  if num_nonnulls(p_item_id, p_run_id, p_event_id, p_workflow_name) = 0
    or greatest(length(p_item_id), length(p_run_id), length(p_workflow_name)) > 500
    or octet_length(concat(p_item_id, p_run_id, p_workflow_name)) > 2000
  then
    raise exception using
      errcode = 'PT400', message = 'the link has no target or a target that is too long', constraint = 'invalid_link',
      detail = format(
        'characters: item_id %s, run_id %s, workflow_name %s', length(p_item_id), length(p_run_id),
        length(p_workflow_name)
      ),
      hint = 'give item_id, run_id, event_id or workflow_name: 500 characters each and 2000 bytes together at most';
  end if;
  select v.version into v_version
  from work.artifact_versions as v
  where v.artifact_id = p_artifact_id
    and v.version = coalesce(
      p_version, (select a.latest_version from work.artifacts as a where a.artifact_id = p_artifact_id)
    );
  if not found then
    perform work.refuse_missing(p_artifact_id => p_artifact_id, p_version => p_version);
  end if;
  insert into work.artifact_links (artifact_id, version, link_type, item_id, run_id, event_id, workflow_name)
  values (p_artifact_id, v_version, p_link_type, p_item_id, p_run_id, p_event_id, p_workflow_name)
  on conflict do nothing;
  return query
  select p_artifact_id, v_version, p_link_type, p_item_id, p_run_id, p_event_id, p_workflow_name, found;
end
$$;
comment on function work.link_artifact(text, text, integer, text, text, text, text) is
'Links a version of an artifact to an item, run, event or workflow; safe to repeat. Errors: PT400, PT404 no_artifact, no_version';
alter function work.link_artifact(text, text, integer, text, text, text, text) owner to pylayer_api;
revoke all on function work.link_artifact(text, text, integer, text, text, text, text) from public;
grant execute on function work.link_artifact(text, text, integer, text, text, text, text) to pylayer_agent;
