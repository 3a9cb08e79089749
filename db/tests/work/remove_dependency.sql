select no_plan();

set local role pylayer_agent;
select work.create_item('task', 'x', p_item_id => i.id) from unnest(array['A', 'B']) as i (id);
select work.add_dependency('A', 'B');
select ok(not work.remove_dependency('B', 'A'), 'not the other way round');
select ok(work.remove_dependency('A', 'B'), 'one');
select ok(not work.remove_dependency('A', 'B'), 'once');
select ok(not work.remove_dependency(null, 'B'), 'null');
select is((select i.depends_on from work.get_item('A') as i), '{}', 'it waits for nothing');

set local role pylayer_analyst;
select is(tap.outcome($$select work.remove_dependency('A', 'B')$$), '42501', 'pylayer_analyst may not');
set local role pylayer_auditor;
select is(tap.outcome($$select work.remove_dependency('A', 'B')$$), '42501', 'pylayer_auditor may not');

select * from finish();
