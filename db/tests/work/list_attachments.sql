select no_plan();

select work.create_item('task', 'x', p_item_id => 'T');
select work.create_item('task', 'x', p_item_id => 'U');
select work.create_artifact('report', 'one', 'text/plain', '01ARZ3NDEKTSV4RRFFQ69G5FAV');
select work.attach_artifact('T', '01ARZ3NDEKTSV4RRFFQ69G5FAV');
set local role pylayer_agent;
select is((select string_agg(a.artifact_id, ' ') from work.list_attachments('T') as a), '01ARZ3NDEKTSV4RRFFQ69G5FAV', 'of an item');
select is_empty($$select work.list_attachments('U')$$, 'of that item alone');
select is(tap.outcome('select work.list_attachments(''none'')'), 'PT404 no_item', 'no such item');
select is(tap.outcome('select work.list_attachments(''T'', 0)'), 'PT400 invalid_limit', 'no limit');

set local role pylayer_analyst;
select is(tap.outcome($$select work.list_attachments('T')$$), 'accepted', 'pylayer_analyst may');
set local role pylayer_auditor;
select is(tap.outcome($$select work.list_attachments('T')$$), 'accepted', 'pylayer_auditor may');

select * from finish();
