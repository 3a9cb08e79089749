select no_plan();

set local role pylayer_agent;
select work.create_item('task', 'x', p_item_id => 'T');
select work.add_comment('T', 'first needle', 'ada', p_comment_id => '01ARZ3NDEKTSV4RRFFQ69G5FAV');
create function pg_temp.edited(p_body text, p_actor text default 'bob') returns text
language sql volatile as $$select tap.outcome(format('select work.edit_comment(''01ARZ3NDEKTSV4RRFFQ69G5FAV'', %L, %L)', p_body, p_actor))$$;
select is(
  (select (c.body, c.author, c.edited_by, c.edited_at >= c.created_at)::text from work.edit_comment('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'second', 'bob') as c),
  '(second,ada,bob,t)', 'what it says now'
);
select is((select (c.body, c.edited_by)::text from work.list_comments('T') as c), '(second,bob)', 'as listed');
select is_empty($$select work.search_items('needle')$$, 'search forgets what it said');
select is((select i.item_id from work.search_items('second') as i), 'T', 'and finds what it says');
select is((select c.edited_by from work.edit_comment('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'second', 'eve') as c), 'bob', 'what changes nothing is no edit');
select is((select c.edited_by from work.edit_comment('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'third') as c), session_user::text, 'the login');
select is(pg_temp.edited(''), 'PT400 invalid_comment', 'empty');
select is(pg_temp.edited(null), 'PT400 invalid_comment', 'nothing');
select is(pg_temp.edited('x', ''), 'PT400 invalid_context', 'an empty actor');
select is(pg_temp.edited(repeat('x', 262145)), 'PT413 comment_limit', 'large');
select is(tap.outcome($$select work.edit_comment('none', 'x')$$), 'PT404 no_comment', 'no such comment');
select is(tap.outcome($$select work.edit_comment(null, 'x')$$), 'PT404 no_comment', 'none');
select is(tap.outcome($$select work.add_comment('T', 'other', p_comment_id => '01ARZ3NDEKTSV4RRFFQ69G5FAV')$$), 'PT409 comment_exists', 'adding is no edit');
reset role;
select results_eq(
  'select r.revision, r.body, r.written_by from work.comment_revisions as r order by r.revision',
  $$values (1, 'first needle', 'ada'), (2, 'second', 'bob')$$, 'what was said before'
);
update work.comments set body = 'by hand';
select is((select string_agg(r.body, ', ' order by r.revision) from work.comment_revisions as r), 'first needle, second, third', 'whoever edits');
select work.delete_comment('01ARZ3NDEKTSV4RRFFQ69G5FAV');
select is(pg_temp.edited('x'), 'PT404 no_comment', 'one that was removed');
select is(tap.outcome($$update work.comments set body = 'x'$$), 'PT403 append_only', 'by hand neither');
set local session_replication_role = replica;
select is(tap.outcome($$update work.comments set author = 'eve'$$), 'PT403 append_only', 'its author is for good');
set local session_replication_role = origin;

set local role pylayer_analyst;
select is(pg_temp.edited('x'), '42501', 'pylayer_analyst may not');
set local role pylayer_auditor;
select is(pg_temp.edited('x'), '42501', 'pylayer_auditor may not');

select * from finish();
