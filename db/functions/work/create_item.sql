-- Makes an item, in an initial state of its type, with the first row of its history and its event.
--
-- Parameters:
--   p_item_type  a type that work.item_states knows
--   p_title      1 to 500 characters
--   p_fields     a JSON object of description, priority (0 to 4), project_id, github_repository, github_number,
--                github_node_id, github_url, ai_analysis, ai_suggestions, tags, metadata
--   p_item_id    an id of the team's own, 1 to 200 characters; null makes a ULID
--   p_state      an initial state of the type; null is the first
--   p_actor      who makes it, in words; null is the login
--   p_run_id     workflow run that makes it
-- Returns: the item.
-- Errors:  PT400 invalid_item_id, invalid_item_type, invalid_fields, unknown_field, invalid_field, invalid_context;
--          PT404 no_project; PT409 illegal_initial_state, item_exists (the id or the place on GitHub is another item's);
--          PT413 field_limit.
-- Tables:  work.item_states, work.projects (read), work.items, work.item_transitions, telemetry.workflow_events,
--          work.item_texts (inserted), in this order.
-- Repeat:  safe with an id and the same values: the item returns as it is by now.
create or replace function work.create_item(
  p_item_type text,
  p_title text,
  p_fields jsonb default '{}',
  p_item_id text default null,
  p_state text default null,
  p_actor text default null,
  p_run_id text default null
) returns work.item_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_fields jsonb := coalesce(p_fields, '{}') || jsonb_build_object('title', p_title);
  v_state text := coalesce(p_state, (
    select s.state from work.item_states as s where s.item_type = p_item_type and s.is_initial order by s.position limit 1
  ));
  v_row work.items;
  v_item work.item_info;
begin
  if v_state is null or not exists (select from work.item_states as s where s.item_type = p_item_type) then
    raise exception using
      errcode = 'PT400', message = 'there is no such type of item', constraint = 'invalid_item_type',
      detail = coalesce(left(p_item_type, 64), 'null'), hint = format('types: %s', (
        select string_agg(distinct s.item_type, ', ') from work.item_states as s
      ));
  end if;
  if length(p_item_id) not between 1 and 200 or p_item_id ~ '[[:cntrl:]]' or p_item_id <> btrim(p_item_id) then
    raise exception using
      errcode = 'PT400', message = 'the id of an item is malformed', constraint = 'invalid_item_id',
      detail = left(p_item_id, 200), hint = '1 to 200 characters, no control characters, no blanks around it';
  end if;
  perform work.check_context(p_actor => p_actor, p_run_id => p_run_id);
  perform work.check_item_fields(p_fields => v_fields);
  v_row := jsonb_populate_record(null::work.items, v_fields);
  insert into work.items as i (
    item_id, project_id, item_type, title, description, priority, state, github_repository, github_number, github_node_id,
    github_url, ai_analysis, ai_suggestions, tags, metadata, created_by, run_id
  )
  values (
    coalesce(p_item_id, core.new_ulid()), v_row.project_id, p_item_type, p_title, v_row.description,
    coalesce(v_row.priority, 2), v_state, v_row.github_repository, v_row.github_number, v_row.github_node_id,
    v_row.github_url, v_row.ai_analysis, v_row.ai_suggestions, v_row.tags, v_row.metadata,
    coalesce(p_actor, session_user), p_run_id
  )
  on conflict do nothing
  returning i.item_id into v_row.item_id;
  if not found then
    -- A statement of its own sees the row that a session committed while the one above waited for it.
    select i.item_id into v_row.item_id from work.items as i
    where i.item_id = p_item_id
      and i.item_type = p_item_type
      and not exists (select from jsonb_each(v_fields) as f where to_jsonb(i) -> f.key is distinct from f.value);
  end if;
  select r.* into v_item from work.item_rows(p_item_ids => array[v_row.item_id]) as r;
  if not found then
    raise exception using
      errcode = 'PT409', message = 'there is another item with this id or this place on GitHub', constraint = 'item_exists',
      detail = format('item %s', left(p_item_id, 200)), hint = 'change that one, or take another id; work.restore_item brings back one that was removed';
  end if;
  return v_item;
end
$$;
comment on function work.create_item(text, text, jsonb, text, text, text, text) is
'Makes an item in an initial state of its type; safe to repeat with an id. Errors: PT400, PT404 no_project, PT409 illegal_initial_state, item_exists, PT413 field_limit';
alter function work.create_item(text, text, jsonb, text, text, text, text) owner to pylayer_api;
revoke all on function work.create_item(text, text, jsonb, text, text, text, text) from public;
grant execute on function work.create_item(text, text, jsonb, text, text, text, text) to pylayer_agent;
