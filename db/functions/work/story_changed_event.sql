-- The event of an edit of what counted as agreed, for telemetry.ingest_event.
--
-- Parameters: p_old, p_new, the item before and after; p_actor, who edits; p_change_type, null is the fields that changed;
--             p_cause_stage, null is the item's state; p_summary and the correlation ids, each null when not known.
-- Returns:    an event of the type workflow.story_changed, version 1.
create or replace function work.story_changed_event(
  p_old work.items, p_new work.items, p_actor text, p_change_type text, p_cause_stage text, p_summary text,
  p_run_id text, p_workflow_name text, p_agent_role text
) returns jsonb
language sql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'event_id', core.new_ulid(),
    'event_name', 'workflow.story_changed',
    'item_id', p_old.item_id,
    'project_id', p_new.project_id,
    'run_id', p_run_id,
    'workflow_name', p_workflow_name,
    'agent_role', p_agent_role,
    'payload', jsonb_build_object(
      'change_type', coalesce(p_change_type, concat_ws(
        ',',
        case when p_new.description is distinct from p_old.description then 'description' end,
        case when p_new.title <> p_old.title then 'title' end
      )),
      'cause_stage', coalesce(p_cause_stage, p_old.state),
      'summary', p_summary,
      'post_ready', true,
      'actor', p_actor
    )
  ))
$$;
comment on function work.story_changed_event(work.items, work.items, text, text, text, text, text, text, text) is
'The event of an edit of an agreed item, with a new id, to be stored in the same transaction as the edit';
alter function work.story_changed_event(work.items, work.items, text, text, text, text, text, text, text) owner to pylayer_api;
revoke all on function work.story_changed_event(work.items, work.items, text, text, text, text, text, text, text) from public;
