select no_plan();

select work.create_item('task', 'needle', p_item_id => 'T');
set local role pylayer_admin;
select ok(work.delete_item('T'), 'an item');
select ok(not work.delete_item('T'), 'once');
select is(tap.outcome($$select work.delete_item('none')$$), 'PT404 no_item', 'no such item');
select is(tap.outcome($$select work.get_item('T')$$), 'PT404 no_item', 'not got');
select is_empty($$select work.list_items()$$, 'not listed');
select is_empty($$select work.search_items('needle')$$, 'not found');
select is(tap.outcome($$select work.update_item('T', '{"priority": 1}')$$), 'PT404 no_item', 'not edited');
select is(tap.outcome($$select work.create_item('task', 'needle', p_item_id => 'T')$$), 'PT409 item_exists', 'its id is not free');
reset role;
select is((select count(*) from work.item_transitions), 1::bigint, 'its history stays');

set local role pylayer_agent;
select is(tap.outcome($$select work.delete_item('T')$$), '42501', 'pylayer_agent may not');
set local role pylayer_analyst;
select is(tap.outcome($$select work.delete_item('T')$$), '42501', 'pylayer_analyst may not');
set local role pylayer_auditor;
select is(tap.outcome($$select work.delete_item('T')$$), '42501', 'pylayer_auditor may not');

select * from finish();
