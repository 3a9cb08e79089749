-- Detaches an artifact from an item. The artifact stays, and so does the row, marked as detached.
--
-- Parameters: p_item_id; p_artifact_id; p_version, null is every version that is attached.
-- Returns:    true when this call did it, false when it was not attached.
-- Errors:     PT404 no_item.
-- Tables:     work.items (read), work.attachments (rows locked, updated).
-- Repeat:     safe.
create or replace function work.detach_artifact(
  p_item_id text, p_artifact_id text, p_version integer default null
) returns boolean
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
begin
  perform work.check_references(p_project_id => null, p_item_id => coalesce(p_item_id, ''));
  update work.attachments as t
  set detached_at = clock_timestamp()
  where t.item_id = p_item_id
    and t.artifact_id = p_artifact_id
    and (p_version is null or t.version = p_version)
    and t.detached_at is null;
  return found;
end
$$;
comment on function work.detach_artifact(text, text, integer) is
'Detaches an artifact from an item; safe to repeat. Errors: PT404 no_item';
alter function work.detach_artifact(text, text, integer) owner to pylayer_api;
revoke all on function work.detach_artifact(text, text, integer) from public;
grant execute on function work.detach_artifact(text, text, integer) to pylayer_agent;
