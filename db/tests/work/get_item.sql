select no_plan();

select work.create_item('task', 'x', p_item_id => 'T');
select work.create_item('task', 'y', p_item_id => 'U');
select work.add_dependency('T', 'U');
set local role pylayer_agent;
select is((select (i.item_id, i.title, i.state, i.depends_on)::text from work.get_item('T') as i), '(T,x,backlog,{U})', 'with what it waits for');
select is(tap.outcome($$select work.get_item('none')$$), 'PT404 no_item', 'no such item');
select is(tap.outcome($$select work.get_item(null)$$), 'PT404 no_item', 'null');

set local role pylayer_analyst;
select is(tap.outcome($$select work.get_item('T')$$), 'accepted', 'pylayer_analyst may');
set local role pylayer_auditor;
select is(tap.outcome($$select work.get_item('T')$$), 'accepted', 'pylayer_auditor may');

select * from finish();
