select no_plan();

set local role pylayer_agent;
select work.save_project('web');
select work.create_item('task', 'x', p_item_id => 'T');
select is(
  (select (d.decision_id, d.title, d.decision, d.item_id, d.project_id, d.rationale, d.alternatives, d.supersedes_id, d.superseded_by_id, d.decided_by, d.run_id)::text
   from work.record_decision('Which?', 'This', 'T', 'web', 'because', '["that"]', null, 'ada', 'r', '01ARZ3NDEKTSV4RRFFQ69G5FAV') as d),
  '(01ARZ3NDEKTSV4RRFFQ69G5FAV,Which?,This,T,web,because,"[""that""]",,,ada,r)', 'all that it says'
);
create function pg_temp.made(p_more text default '', p_title text default 'Which?', p_decision text default 'That') returns text
language sql volatile as $$select tap.outcome(format('select work.record_decision(%L, %L %s)', p_title, p_decision, p_more))$$;
select is(
  (select count(*) from work.record_decision('Which?', 'This', 'T', 'web', p_decision_id => '01ARZ3NDEKTSV4RRFFQ69G5FAV')), 1::bigint, 'safe to repeat'
);
select is(pg_temp.made(', p_decision_id => ''01ARZ3NDEKTSV4RRFFQ69G5FAV'''), 'PT409 decision_exists', 'the id of another');
select is(
  (select d.supersedes_id from work.record_decision('Which?', 'That', p_supersedes_id => '01ARZ3NDEKTSV4RRFFQ69G5FAV', p_decision_id => '01ARZ3NDEKTSV4RRFFQ69G5FAW') as d),
  '01ARZ3NDEKTSV4RRFFQ69G5FAV', 'one that supersedes it'
);
select is(
  (select d.superseded_by_id from work.list_decisions('T') as d), '01ARZ3NDEKTSV4RRFFQ69G5FAW', 'the old one stays, and names it'
);
select is(pg_temp.made(', p_supersedes_id => ''01ARZ3NDEKTSV4RRFFQ69G5FAV'''), 'PT409 already_superseded', 'each is superseded once');
select is(pg_temp.made(', p_supersedes_id => ''01ARZ3NDEKTSV4RRFFQ69G5FAX'''), 'PT404 no_decision', 'an unknown one');
select is(pg_temp.made(', p_supersedes_id => ''none'''), 'PT404 no_decision', 'no ULID');
select is(
  pg_temp.made(', p_supersedes_id => ''01ARZ3NDEKTSV4RRFFQ69G5FAX'', p_decision_id => ''01ARZ3NDEKTSV4RRFFQ69G5FAX'''), 'PT404 no_decision', 'nor itself'
);
select is(pg_temp.made(p_title => ''), 'PT400 invalid_decision', 'no title');
select is(pg_temp.made(p_decision => ''), 'PT400 invalid_decision', 'no text');
select is(pg_temp.made(p_decision => null), 'PT400 invalid_decision', 'null');
select is(pg_temp.made(', p_alternatives => ''{}'''), 'PT400 invalid_decision', 'alternatives that are none');
select is(pg_temp.made(', p_decision_id => ''x'''), 'PT400 invalid_decision_id', 'an id that is none');
select is(pg_temp.made(', p_rationale => repeat(''x'', 262145)'), 'PT413 decision_limit', 'a large text');
select is(pg_temp.made(', p_item_id => ''none'''), 'PT404 no_item', 'an unknown item');
select is(pg_temp.made(', p_project_id => ''none'''), 'PT404 no_project', 'an unknown project');
select is(pg_temp.made(', p_actor => '''''), 'PT400 invalid_context', 'an empty actor');

set local role pylayer_analyst;
select is(tap.outcome($$select work.record_decision('x', 'y')$$), '42501', 'pylayer_analyst may not');
set local role pylayer_auditor;
select is(tap.outcome($$select work.record_decision('x', 'y')$$), '42501', 'pylayer_auditor may not');

select * from finish();
