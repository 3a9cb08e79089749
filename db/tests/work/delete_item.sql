select no_plan();

select work.create_item('task', 'needle', p_item_id => 'T');
select work.create_item('task', 'waits', p_item_id => 'U');
select work.add_dependency('U', 'T');
set local role pylayer_admin;
select ok(work.delete_item('T'), 'an item');
select ok(not work.delete_item('T'), 'once');
select is(tap.outcome($$select work.delete_item('none')$$), 'PT404 no_item', 'no such item');
select is(tap.outcome($$select work.get_item('T')$$), 'PT404 no_item', 'not got');
select is((select string_agg(i.item_id, ' ') from work.list_items() as i), 'U', 'not listed');
select is((select i.depends_on from work.get_item('U') as i), '{}', 'nothing waits for it');
select is_empty($$select work.search_items('needle')$$, 'not found');
select is(tap.outcome($$select work.update_item('T', '{"priority": 1}')$$), 'PT404 no_item', 'not edited');
select is(tap.outcome($$select work.create_item('task', 'needle', p_item_id => 'T')$$), 'PT409 item_exists', 'its id is not free');
reset role;
select is((select count(*) from work.item_transitions as t where t.item_id = 'T'), 1::bigint, 'its history stays');

set local role pylayer_agent;
select is(tap.outcome($$select work.delete_item('T')$$), '42501', 'pylayer_agent may not');
set local role pylayer_analyst;
select is(tap.outcome($$select work.delete_item('T')$$), '42501', 'pylayer_analyst may not');
set local role pylayer_auditor;
select is(tap.outcome($$select work.delete_item('T')$$), '42501', 'pylayer_auditor may not');

select * from finish();
