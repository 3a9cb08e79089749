select no_plan();

set local role pylayer_agent;
select work.create_item('task', 'x', p_item_id => 'T');
select work.create_item('story', 'x', p_item_id => 'S');
select work.create_item('pull_request', 'x', p_item_id => 'P');
create function pg_temp.moved(p_to text, p_expected text default null, p_item text default 'T', p_more text default '') returns text
language sql volatile as $$select tap.outcome(format('select work.transition_item(%L, %L, %L %s)', p_item, p_to, p_expected, p_more))$$;

select is(
  (select (t.item_id, t.seq, t.from_state, t.to_state, t.actor, t.reason, t.run_id, t.workflow_name, t.agent_role)::text
   from work.transition_item('T', 'in_progress', 'backlog', 'ada', 'why', 'r', 'w', 'coder') as t),
  '(T,2,backlog,in_progress,ada,why,r,w,coder)', 'a row of the history'
);
select is((select (i.state, i.state_seq, i.version, i.closed_at)::text from work.get_item('T') as i), '(in_progress,2,1,)', 'the item follows');
select is(pg_temp.moved('blocked', 'backlog'), 'PT409 stale_state', 'another state than expected');
select is(pg_temp.moved('backlog'), 'PT409 illegal_transition', 'a move that the tables do not have');
select is(pg_temp.moved('in_progress'), 'PT409 illegal_transition', 'to where it is');
select is(pg_temp.moved('unheard'), 'PT409 illegal_transition', 'to nowhere');
select is(tap.outcome('select work.transition_item(''T'', null)'), 'PT409 illegal_transition', 'to null');
select is(pg_temp.moved('done', p_item => 'none'), 'PT404 no_item', 'no such item');
select is(tap.outcome('select work.transition_item(null, ''done'')'), 'PT404 no_item', 'null');
select is(pg_temp.moved('done', p_more => ', p_reason => repeat(''x'', 2001)'), 'PT400 invalid_context', 'a long reason');
select is(pg_temp.moved('done', p_more => ', p_run_id => '''''), 'PT400 invalid_context', 'an empty run');
select is(pg_temp.moved('done'), 'accepted', 'a final state');
select ok(i.closed_at = i.state_since, 'closes the item') from work.get_item('T') as i;
select is(pg_temp.moved('in_progress'), 'accepted', 'and again');
select is((select i.closed_at from work.get_item('T') as i), null, 'it is open');
select is(pg_temp.moved('in_progress', p_item => 'S'), 'PT409 illegal_transition', 'a story is refined first');
select is(pg_temp.moved('refining', p_item => 'S'), 'accepted', 'so');
select is(pg_temp.moved('merged', p_item => 'P'), 'PT409 illegal_transition', 'no draft is merged');
select is(pg_temp.moved('open', p_item => 'P'), 'accepted', 'an open one');
select is(pg_temp.moved('merged', p_item => 'P'), 'accepted', 'is');
select is(pg_temp.moved('open', p_item => 'P'), 'PT409 illegal_transition', 'for good');

create function pg_temp.hint() returns text language plpgsql as $$
declare
  v_hint text;
begin
  perform work.transition_item('T', 'backlog');
exception when others then
  get stacked diagnostics v_hint = pg_exception_hint;
  return v_hint;
end
$$;
select is(pg_temp.hint(), 'from in_progress it goes to: ready, blocked, in_review, in_qa, done, cancelled', 'the legal moves');

reset role;
select is(
  (select array_agg(e.payload ->> 'to_state' order by e.recorded_at, e.event_id) from telemetry.workflow_events as e where e.item_id = 'T'),
  array['backlog', 'in_progress', 'done', 'in_progress'], 'an event each, in order'
);
select ok(
  (e.payload - 'time_in_state_seconds') = '{"item_type": "task", "from_state": "backlog", "to_state": "in_progress", "actor": "ada", "reason": "why"}'
  and (e.payload ->> 'time_in_state_seconds')::numeric >= 0 and e.workflow_name = 'w' and e.agent_role = 'coder', 'what the event says'
) from telemetry.workflow_events as e where e.run_id = 'r';
select results_eq(
  $$select t.seq from work.item_transitions as t where t.item_id = 'T' order by t.seq$$, $$select generate_series(1, 4)$$, 'no gap'
);
select work.delete_item('S');
select is(pg_temp.moved('ready', p_item => 'S'), 'PT404 no_item', 'an item that counts as removed');

set local role pylayer_analyst;
select is(tap.outcome($$select work.transition_item('T', 'done')$$), '42501', 'pylayer_analyst may not');
set local role pylayer_auditor;
select is(tap.outcome($$select work.transition_item('T', 'done')$$), '42501', 'pylayer_auditor may not');

select * from finish();
