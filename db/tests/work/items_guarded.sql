select no_plan();

-- The rules hold in the tables: what no function does, nobody does.
select work.create_item('task', 'x', p_item_id => 'T');
select work.create_item('task', 'y', p_item_id => 'U');
select work.create_artifact('report', 'text', 'text/plain', '01ARZ3NDEKTSV4RRFFQ69G5FAV');
select work.attach_artifact('T', '01ARZ3NDEKTSV4RRFFQ69G5FAV');
select work.add_comment('T', 'hello', p_comment_id => '01ARZ3NDEKTSV4RRFFQ69G5FAV');
select work.edit_comment('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'hello all');
select work.record_decision('t', 'd');
select work.save_project('web');
select work.add_dependency('T', 'U');
set local client_min_messages = warning;
create temporary table attempt (statement text, expected text);
insert into attempt values
  ('update work.items set state = ''done''', 'PT403 state_follows_history'),
  ('update work.items set state = ''ready''', 'PT403 state_follows_history'),
  ('update work.items set state = ''ready'', state_seq = 2', 'PT403 state_follows_history'),
  ('update work.items set state_seq = 2', 'PT403 state_follows_history'),
  ('update work.items set state_seq = null', 'PT403 state_follows_history'),
  ('update work.items set state_since = now()', 'PT403 state_follows_history'),
  ('update work.items set closed_at = now()', 'PT403 state_follows_history'),
  ('update work.items set item_type = ''story''', 'PT403 immutable_item'),
  ('update work.items set item_id = ''V'' where item_id = ''T''', 'PT403 immutable_item'),
  ('update work.items set created_by = ''eve''', 'PT403 immutable_item'),
  ('delete from work.items', 'PT403 append_only'),
  ('truncate work.items cascade', 'PT403 append_only'),
  ('update work.item_transitions set actor = ''eve''', 'PT403 append_only'),
  ('delete from work.item_transitions', 'PT403 append_only'),
  ('truncate work.item_transitions', 'PT403 append_only'),
  ('update work.item_states set is_final = true', 'PT403 append_only'),
  ('delete from work.item_states', 'PT403 append_only'),
  ('truncate work.item_states cascade', 'PT403 append_only'),
  ('update work.item_dependencies set depends_on_item_id = item_id', 'PT403 append_only'),
  ('update work.decisions set decision = ''other''', 'PT403 append_only'),
  ('delete from work.decisions', 'PT403 append_only'),
  ('truncate work.decisions', 'PT403 append_only'),
  ('update work.comments set item_id = ''U''', 'PT403 append_only'),
  ('update work.comments set edited_at = now()', 'PT403 append_only'),
  ('update work.comments set edited_by = ''eve''', 'PT403 append_only'),
  ('update work.comment_revisions set body = ''other''', 'PT403 append_only'),
  ('delete from work.comment_revisions', 'PT403 append_only'),
  ('truncate work.comment_revisions', 'PT403 append_only'),
  ('delete from work.comments', 'PT403 append_only'),
  ('truncate work.comments cascade', 'PT403 append_only'),
  ('update work.attachments set label = ''other''', 'PT403 append_only'),
  ('delete from work.attachments', 'PT403 append_only'),
  ('truncate work.attachments', 'PT403 append_only'),
  ('delete from work.projects', 'PT403 append_only'),
  ('truncate work.projects cascade', 'PT403 append_only');
create temporary table made (statement text, expected text);
insert into made values
  ('insert into work.items (item_type, title, state) values (''task'', ''x'', ''done'')', 'PT409 illegal_initial_state'),
  ('insert into work.items (item_type, title, state) values (''poem'', ''x'', ''backlog'')', 'PT409 illegal_initial_state'),
  ('insert into work.items (item_type, title, state, state_seq) values (''task'', ''x'', ''backlog'', 7)', 'PT409 illegal_initial_state'),
  ('insert into work.items (item_type, title, state, closed_at) values (''task'', ''x'', ''backlog'', now())', 'PT409 illegal_initial_state'),
  ('insert into work.item_transitions (item_id, to_state) values (''T'', ''in_qa'')', 'PT409 illegal_transition'),
  ('insert into work.item_transitions (item_id, seq, from_state, to_state) values (''T'', 9, ''ready'', ''done'')', 'PT409 stale_state'),
  ('insert into work.item_transitions (item_id, seq, to_state) values (''T'', 1, ''done'')', '23505 item_transitions_pkey'),
  ('insert into work.item_transitions (item_id, to_state) values (''V'', ''done'')', 'PT404 no_item'),
  ('insert into work.item_dependencies (item_id, depends_on_item_id) values (''U'', ''T'')', 'PT409 dependency_cycle'),
  ('insert into work.item_dependencies (item_id, depends_on_item_id) values (''U'', ''U'')', 'PT409 dependency_cycle'),
  ('insert into work.decisions (decision_id, title, decision, supersedes_id) values (''01ARZ3NDEKTSV4RRFFQ69G5FAV'', ''t'', ''d'', ''01ARZ3NDEKTSV4RRFFQ69G5FAW''), (''01ARZ3NDEKTSV4RRFFQ69G5FAW'', ''t'', ''d'', ''01ARZ3NDEKTSV4RRFFQ69G5FAV'')', 'PT404 no_decision');
grant select on attempt, made to public;
create function pg_temp.wrong(p_outcome text default null) returns table (statement text, outcome text) language sql volatile as $$
  select a.statement, o.outcome
  from (select * from attempt union all select * from made where p_outcome is null or p_outcome = '42501') as a
  cross join lateral (select tap.outcome(a.statement) as outcome) as o
  where o.outcome <> coalesce(p_outcome, a.expected)
$$;
select is_empty('select * from pg_temp.wrong()', 'a superuser');
set local role pylayer_owner;
select is_empty('select * from pg_temp.wrong()', 'the owner');
reset role;
set local session_replication_role = replica;
select is_empty(
  $$select a.statement, tap.outcome(a.statement) from attempt as a where tap.outcome(a.statement) <> a.expected$$, 'a superuser as replica'
);
set local session_replication_role = origin;
do $$
declare
  v_role text;
begin
  foreach v_role in array array['pylayer_agent', 'pylayer_analyst', 'pylayer_auditor'] loop
    execute format('set local role %I', v_role);
    if exists (select from pg_temp.wrong('42501')) then
      raise exception '% may do what it should not', v_role;
    end if;
    reset role;
  end loop;
end
$$;
select pass('every other role lacks the right');

-- The owner who inserts into the history changes the state, with the event, as the function does.
set local role pylayer_owner;
insert into work.item_transitions (item_id, to_state, seq, occurred_at) values ('T', 'ready', 7, '2000-01-01');
select is(
  (select (i.state, i.state_seq, t.from_state, t.actor)::text from work.items as i join work.item_transitions as t on t.item_id = i.item_id and t.seq = 2
   where i.item_id = 'T' and i.state_since = t.occurred_at and t.occurred_at > i.created_at),
  format('(ready,2,backlog,%s)', session_user), 'numbers and times are the table''s own'
);
reset role;
select is((select count(*) from telemetry.workflow_events as e where e.item_id = 'T'), 2::bigint, 'with its event');

-- A replica applies history, then item, as they come; what does not fit the history is refused there too.
set local session_replication_role = replica;
insert into work.item_transitions (item_id, seq, from_state, to_state, occurred_at) values ('U', 2, 'backlog', 'ready', '2999-01-01');
select is(
  tap.outcome($$update work.items set state = 'done', state_seq = 2, state_since = '2999-01-01' where item_id = 'U'$$),
  'PT403 state_follows_history', 'another state than the history has'
);
select is(
  tap.outcome($$update work.items set state = 'ready', state_seq = 2, state_since = '2999-01-01' where item_id = 'U'$$), 'accepted', 'the same'
);
set local session_replication_role = origin;

-- The machine is data: an admin adds a type, a move, and takes a move away.
set local role pylayer_admin;
insert into work.item_states (item_type, state, position, is_initial, is_final, description) values
  ('chore', 'todo', 1, true, false, 'x'), ('chore', 'done', 2, false, true, 'x');
select work.create_item('chore', 'x', p_item_id => 'C');
select is(tap.outcome($$select work.transition_item('C', 'done')$$), 'PT409 illegal_transition', 'no move yet');
insert into work.item_state_transitions values ('chore', 'todo', 'done');
select is(tap.outcome($$select work.transition_item('C', 'done')$$), 'accepted', 'a move that was added');
delete from work.item_state_transitions where item_type = 'task' and from_state = 'ready' and to_state = 'in_progress';
select is(tap.outcome($$select work.transition_item('T', 'in_progress')$$), 'PT409 illegal_transition', 'a move that was removed');
select is(tap.outcome($$insert into work.item_state_transitions values ('chore', 'todo', 'unheard')$$), '23503 item_state_transitions_item_type_to_state_fkey', 'to a state that there is not');

select * from finish();
