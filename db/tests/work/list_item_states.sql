select no_plan();

set local role pylayer_agent;
select is(
  (select string_agg(s.state, ' ') from work.list_item_states('bug') as s),
  'backlog ready in_progress blocked in_review in_qa done cancelled', 'the usual states'
);
select is(
  (select string_agg(s.state, ' ') from work.list_item_states('pull_request') as s where s.is_final), 'merged abandoned', 'those of a pull request that are final'
);
select is(
  (select string_agg(s.state, ' ') from work.list_item_states() as s where s.is_agreed),
  'ready in_progress blocked in_review in_qa done', 'those in which a story is agreed'
);
select is((select s.to_states from work.list_item_states('bug') as s where s.state = 'ready'), '{backlog,in_progress,blocked,cancelled}', 'the moves from one');
select is((select string_agg(distinct s.item_type, ' ') from work.list_item_states() as s), 'bug epic issue pull_request story task', 'every type');
select is_empty($$select work.list_item_states('poem')$$, 'an unknown type has none');
reset role;
select is_empty(
  $$select s.item_type, s.state from work.item_states as s where not s.is_final and not exists (
    select from work.item_state_transitions as t where t.item_type = s.item_type and t.from_state = s.state)$$, 'none is a dead end that is not final'
);
select is_empty(
  $$select s.item_type, s.state from work.item_states as s where not s.is_initial and not exists (
    select from work.item_state_transitions as t where t.item_type = s.item_type and t.to_state = s.state)$$, 'each can be reached'
);

set local role pylayer_analyst;
select is(tap.outcome($$select work.list_item_states()$$), 'accepted', 'pylayer_analyst may');
set local role pylayer_auditor;
select is(tap.outcome($$select work.list_item_states()$$), 'accepted', 'pylayer_auditor may');

select * from finish();
