-- Edits an item. An edit of title or description in a state whose content counts as agreed, such as a story's ready, stores
-- workflow.story_changed in the same transaction.
--
-- Parameters:
--   p_item_id           item
--   p_changes           a JSON object of title, description, priority, project_id, github_repository, github_number,
--                       github_node_id, github_url, ai_analysis, ai_suggestions, tags, metadata; null in it clears a field
--   p_expected_version  version that the caller has read; null edits in any case
--   p_actor             who edits, in words; null is the login
--   p_change_type       kind of change, for the event; null is the fields that changed, such as description,title
--   p_cause_stage       stage that made it necessary, for the event; null is the item's state
--   p_summary           the change in words, for the event
--   p_run_id, p_workflow_name, p_agent_role  where the edit comes from, for the event
-- Returns: the item; version is one more when anything changed.
-- Errors:  PT400 invalid_fields, unknown_field, invalid_field, invalid_context, invalid_change; PT404 no_item,
--          no_project; PT409 stale_version, github_taken; PT413 field_limit.
-- Tables:  work.items (row locked, updated), work.item_texts (updated), telemetry.workflow_events (inserted), in this order.
-- Repeat:  safe without p_expected_version: what changes nothing is no edit.
create or replace function work.update_item(
  p_item_id text,
  p_changes jsonb,
  p_expected_version integer default null,
  p_actor text default null,
  p_change_type text default null,
  p_cause_stage text default null,
  p_summary text default null,
  p_run_id text default null,
  p_workflow_name text default null,
  p_agent_role text default null
) returns work.item_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_old work.items;
  v_new work.items;
  v_item work.item_info;
  v_constraint text;
begin
  perform work.check_context(
    p_actor => p_actor, p_reason => p_summary, p_run_id => p_run_id, p_workflow_name => p_workflow_name,
    p_agent_role => p_agent_role
  );
  if length(p_change_type) not between 1 and 100 or length(p_cause_stage) not between 1 and 100 then
    raise exception using
      errcode = 'PT400', message = 'a kind of change or a stage is empty or too long', constraint = 'invalid_change',
      detail = format('characters: change_type %s, cause_stage %s', length(p_change_type), length(p_cause_stage)),
      hint = 'give 1 to 100 characters, or leave it out';
  end if;
  perform work.check_item_fields(p_fields => p_changes);
  v_old := work.lock_item(p_item_id => p_item_id, p_expected_version => p_expected_version);
  v_new := jsonb_populate_record(v_old, p_changes);
  if v_new is distinct from v_old then
    update work.items as i
    set
      title = v_new.title,
      description = v_new.description,
      priority = v_new.priority,
      project_id = v_new.project_id,
      github_repository = v_new.github_repository,
      github_number = v_new.github_number,
      github_node_id = v_new.github_node_id,
      github_url = v_new.github_url,
      ai_analysis = v_new.ai_analysis,
      ai_suggestions = v_new.ai_suggestions,
      tags = v_new.tags,
      metadata = v_new.metadata,
      version = i.version + 1,
      updated_at = clock_timestamp()
    where i.item_id = p_item_id;
    perform telemetry.ingest_event(p_event => work.story_changed_event(
      p_old => v_old, p_new => v_new, p_actor => coalesce(p_actor, session_user), p_change_type => p_change_type,
      p_cause_stage => p_cause_stage, p_summary => p_summary, p_run_id => p_run_id, p_workflow_name => p_workflow_name,
      p_agent_role => p_agent_role
    ))
    from work.item_states as s
    where s.item_type = v_old.item_type and s.state = v_old.state and s.is_agreed
      and (v_new.title, v_new.description) is distinct from (v_old.title, v_old.description);
  end if;
  select r.* into v_item from work.item_rows(p_item_ids => array[p_item_id]) as r;
  return v_item;
exception when unique_violation then
  get stacked diagnostics v_constraint = constraint_name;
  raise exception using
    errcode = 'PT409', message = 'another item has this place on GitHub', constraint = 'github_taken',
    detail = format('item %s, %s', p_item_id, v_constraint), hint = 'change that one, or give another number';
end
$$;
comment on function work.update_item(text, jsonb, integer, text, text, text, text, text, text, text) is
'Edits an item; an edit of an agreed story stores workflow.story_changed. Errors: PT400, PT404 no_item, no_project, PT409 stale_version, github_taken, PT413 field_limit';
alter function work.update_item(text, jsonb, integer, text, text, text, text, text, text, text) owner to pylayer_api;
revoke all on function work.update_item(text, jsonb, integer, text, text, text, text, text, text, text) from public;
grant execute on function work.update_item(text, jsonb, integer, text, text, text, text, text, text, text) to pylayer_agent;
