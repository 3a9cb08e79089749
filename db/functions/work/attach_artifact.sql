-- Attaches a version of an artifact to an item. The bytes stay where the version has them.
--
-- Parameters: p_item_id; p_artifact_id; p_version, null is the latest; p_label, what it is for, 1 to 200 characters, null is
--             none; p_actor, who attaches it, in words, null is the login.
-- Returns:    the attachment; one that was there returns as it is, also after it was detached.
-- Errors:     PT400 invalid_label, invalid_context, invalid_artifact_id; PT404 no_item, no_artifact, no_version.
-- Tables:     work.items, work.artifacts, work.artifact_versions (read), work.attachments (inserted, updated).
-- Repeat:     safe; with p_version null as long as no version was made in between.
create or replace function work.attach_artifact(
  p_item_id text,
  p_artifact_id text,
  p_version integer default null,
  p_label text default null,
  p_actor text default null
) returns work.attachment_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_version integer;
  v_attachment work.attachment_info;
begin
  if length(p_label) not between 1 and 200 then
    raise exception using
      errcode = 'PT400', message = 'the label is empty or too long', constraint = 'invalid_label',
      detail = format('%s characters', length(p_label)), hint = 'say in 1 to 200 characters what it is for, or leave it out';
  end if;
  perform work.check_context(p_actor => p_actor);
  perform work.check_references(p_project_id => null, p_item_id => coalesce(p_item_id, ''));
  select v.version into v_version
  from work.artifact_versions as v
  where v.artifact_id = p_artifact_id
    and v.version = coalesce(
      p_version, (select a.latest_version from work.artifacts as a where a.artifact_id = p_artifact_id)
    );
  if not found then
    perform work.refuse_missing(p_artifact_id => p_artifact_id, p_version => p_version);
  end if;
  insert into work.attachments as t (item_id, artifact_id, version, label, attached_by)
  values (p_item_id, p_artifact_id, v_version, p_label, coalesce(p_actor, session_user))
  on conflict (item_id, artifact_id, version) do update set detached_at = null where t.detached_at is not null;
  -- A statement of its own sees the row that a session committed while the one above waited for it.
  select t.item_id, t.artifact_id::text, t.version, t.label, t.attached_by, t.created_at into v_attachment
  from work.attachments as t
  where t.item_id = p_item_id and t.artifact_id = p_artifact_id and t.version = v_version;
  return v_attachment;
end
$$;
comment on function work.attach_artifact(text, text, integer, text, text) is
'Attaches a version of an artifact to an item; safe to repeat. Errors: PT400, PT404 no_item, no_artifact, no_version';
alter function work.attach_artifact(text, text, integer, text, text) owner to pylayer_api;
revoke all on function work.attach_artifact(text, text, integer, text, text) from public;
grant execute on function work.attach_artifact(text, text, integer, text, text) to pylayer_agent;
