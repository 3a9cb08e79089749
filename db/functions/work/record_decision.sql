-- Records a decision, for good. One that no longer holds is superseded by another, and stays.
--
-- Parameters:
--   p_title         the question, 1 to 500 characters
--   p_decision      what was decided, at most 256 KiB
--   p_item_id, p_project_id  what it is about; null is none
--   p_rationale     why, at most 256 KiB
--   p_alternatives  what was not chosen, a JSON array
--   p_supersedes_id decision that no longer holds; each is superseded once
--   p_actor         who decided, in words; null is the login
--   p_run_id        workflow run in which it was decided
--   p_decision_id   ULID; null makes one
-- Returns: the decision.
-- Errors:  PT400 invalid_decision, invalid_decision_id, invalid_context; PT404 no_item, no_project, no_decision; PT409
--          already_superseded (HINT names the one to supersede), decision_exists; PT413 decision_limit.
-- Tables:  work.items, work.projects (read), work.decisions (inserted).
-- Repeat:  safe with an id and the same title and text.
create or replace function work.record_decision(
  p_title text,
  p_decision text,
  p_item_id text default null,
  p_project_id text default null,
  p_rationale text default null,
  p_alternatives jsonb default null,
  p_supersedes_id text default null,
  p_actor text default null,
  p_run_id text default null,
  p_decision_id text default null
) returns work.decision_info
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_id text := coalesce(p_decision_id, core.new_ulid());
  v_decision work.decision_info;
  v_successor text;
begin
  perform work.check_decision(
    p_title => p_title, p_decision => p_decision, p_rationale => p_rationale, p_alternatives => p_alternatives,
    p_decision_id => p_decision_id
  );
  perform work.check_context(p_actor => p_actor, p_run_id => p_run_id);
  perform work.check_references(p_project_id => p_project_id, p_item_id => p_item_id);
  if p_supersedes_id is not null and not exists (
    select from work.decisions as d where d.decision_id = p_supersedes_id and d.decision_id <> v_id
  ) then
    raise exception using
      errcode = 'PT404', message = 'there is no such decision', constraint = 'no_decision',
      detail = left(p_supersedes_id, 64), hint = 'work.list_decisions shows those that exist';
  end if;
  insert into work.decisions (
    decision_id, project_id, item_id, title, decision, rationale, alternatives, supersedes_id, decided_by, run_id
  )
  values (
    v_id, p_project_id, p_item_id, p_title, p_decision, p_rationale, p_alternatives, p_supersedes_id,
    coalesce(p_actor, session_user), p_run_id
  )
  on conflict do nothing;
  -- A statement of its own sees the row that a session committed while the one above waited for it.
  select r.* into v_decision from work.decision_rows(p_decision_ids => array[v_id]) as r;
  if not found then
    select d.decision_id::text into v_successor from work.decisions as d where d.supersedes_id = p_supersedes_id;
    raise exception using
      errcode = 'PT409', message = 'the decision is superseded already', constraint = 'already_superseded',
      detail = format('decision %s, superseded by %s', p_supersedes_id, v_successor),
      hint = format('read %s, and supersede that one where it is wrong', v_successor);
  elsif (v_decision.title, v_decision.decision, v_decision.item_id, v_decision.project_id, v_decision.supersedes_id)
    is distinct from (p_title, p_decision, p_item_id, p_project_id, p_supersedes_id)
  then
    raise exception using
      errcode = 'PT409', message = 'there is another decision with this id', constraint = 'decision_exists',
      detail = v_id, hint = 'take another id, or none';
  end if;
  return v_decision;
end
$$;
comment on function work.record_decision(text, text, text, text, text, jsonb, text, text, text, text) is
'Records a decision, for good, which may supersede another; safe to repeat with an id. Errors: PT400, PT404, PT409 already_superseded, decision_exists, PT413 decision_limit';
alter function work.record_decision(text, text, text, text, text, jsonb, text, text, text, text) owner to pylayer_api;
revoke all on function work.record_decision(text, text, text, text, text, jsonb, text, text, text, text) from public;
grant execute on function work.record_decision(text, text, text, text, text, jsonb, text, text, text, text) to pylayer_agent;
