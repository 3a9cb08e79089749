select no_plan();

select work.create_item('task', 'x', p_item_id => 'T');
select work.create_item('task', 'x', p_item_id => 'U');
select work.add_comment('T', format('c%s', n), p_comment_id => format('01ARZ3NDEKTSV4RRFFQ69G5FA%s', n)) from generate_series(1, 3) as n;
select work.add_comment('U', 'other');
set local role pylayer_agent;
select is((select string_agg(c.body, ' ') from work.list_comments('T') as c), 'c1 c2 c3', 'oldest first');
select is((select string_agg(c.body, ' ') from work.list_comments('T', 2) as c), 'c1 c2', 'a page');
select is((select string_agg(c.body, ' ') from work.list_comments('T', 2, '01ARZ3NDEKTSV4RRFFQ69G5FA2') as c), 'c3', 'the next');
select is(tap.outcome('select work.list_comments(''T'', 0)'), 'PT400 invalid_limit', 'no limit');
select is(tap.outcome('select work.list_comments(''none'')'), 'PT404 no_item', 'no such item');
select is(tap.outcome('select work.list_comments(''U'', p_after => ''01ARZ3NDEKTSV4RRFFQ69G5FA2'')'), 'PT404 no_comment', 'a page after another item''s');

set local role pylayer_analyst;
select is(tap.outcome($$select work.list_comments('T')$$), 'accepted', 'pylayer_analyst may');
set local role pylayer_auditor;
select is(tap.outcome($$select work.list_comments('T')$$), 'accepted', 'pylayer_auditor may');

select * from finish();
