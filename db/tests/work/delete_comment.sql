select no_plan();

set local role pylayer_agent;
select work.create_item('task', 'x', p_item_id => 'T');
select work.add_comment('T', 'hi', p_comment_id => '01ARZ3NDEKTSV4RRFFQ69G5FAV');
select ok(work.delete_comment('01ARZ3NDEKTSV4RRFFQ69G5FAV'), 'one');
select ok(not work.delete_comment('01ARZ3NDEKTSV4RRFFQ69G5FAV'), 'once');
select is_empty($$select work.list_comments('T')$$, 'not listed');
select is(tap.outcome($$select work.delete_comment('none')$$), 'PT404 no_comment', 'no such comment');
select is(tap.outcome($$select work.add_comment('T', 'hi', p_comment_id => '01ARZ3NDEKTSV4RRFFQ69G5FAV')$$), 'PT409 comment_exists', 'it does not come back');
reset role;
select is(tap.outcome($$update work.comments set deleted_at = null$$), 'PT403 append_only', 'by nobody');
select is((select c.body from work.comments as c), 'hi', 'the row stays');

set local role pylayer_analyst;
select is(tap.outcome($$select work.delete_comment('x')$$), '42501', 'pylayer_analyst may not');
set local role pylayer_auditor;
select is(tap.outcome($$select work.delete_comment('x')$$), '42501', 'pylayer_auditor may not');

select * from finish();
