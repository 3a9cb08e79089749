select no_plan();

select work.create_item('task', 'needle', p_item_id => 'T');
select work.create_item('task', 'waits', p_item_id => 'U');
select work.add_dependency('U', 'T');
set local role pylayer_admin;
select ok(not work.restore_item('T'), 'one that is not removed');
select work.delete_item('T');
select ok(work.restore_item('T'), 'one that is');
select ok(not work.restore_item('T'), 'once');
select is((select (i.title, i.state, i.version)::text from work.get_item('T') as i), '(needle,backlog,1)', 'as it was');
select is((select i.depends_on from work.get_item('U') as i), '{T}', 'what waited for it waits again');
select is((select i.item_id from work.search_items('needle') as i), 'T', 'found again');
select is(tap.outcome($$select work.transition_item('T', 'ready')$$), 'accepted', 'its history goes on');
select is(tap.outcome($$select work.restore_item('none')$$), 'PT404 no_item', 'no such item');
select is(tap.outcome($$select work.restore_item(null)$$), 'PT404 no_item', 'none');

set local role pylayer_agent;
select is(tap.outcome($$select work.restore_item('T')$$), '42501', 'pylayer_agent may not');
set local role pylayer_analyst;
select is(tap.outcome($$select work.restore_item('T')$$), '42501', 'pylayer_analyst may not');
set local role pylayer_auditor;
select is(tap.outcome($$select work.restore_item('T')$$), '42501', 'pylayer_auditor may not');

select * from finish();
