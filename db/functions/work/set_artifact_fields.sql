-- Changes what an artifact says of itself, where a value is given and differs.
--
-- Parameters: p_artifact_id; the others replace the artifact's own unless they are null.
-- Tables:     work.artifacts (updated when anything differs; the caller has locked the row).
-- Repeat:     safe.
create or replace function work.set_artifact_fields(
  p_artifact_id text, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text
) returns void
language sql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
  update work.artifacts as a
  set
    tags = coalesce(p_tags, a.tags),
    owner_item_id = coalesce(p_owner_item_id, a.owner_item_id),
    owner_run_id = coalesce(p_owner_run_id, a.owner_run_id),
    project_id = coalesce(p_project_id, a.project_id)
  where a.artifact_id = p_artifact_id
    and (a.tags, a.owner_item_id, a.owner_run_id, a.project_id) is distinct from (
      coalesce(p_tags, a.tags), coalesce(p_owner_item_id, a.owner_item_id), coalesce(p_owner_run_id, a.owner_run_id),
      coalesce(p_project_id, a.project_id)
    )
$$;
comment on function work.set_artifact_fields(text, jsonb, text, text, text) is
'Replaces tags, owners and project of an artifact where a value is given';
alter function work.set_artifact_fields(text, jsonb, text, text, text) owner to pylayer_api;
revoke all on function work.set_artifact_fields(text, jsonb, text, text, text) from public;
