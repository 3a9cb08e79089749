select no_plan();

set local role pylayer_agent;
select work.create_item('task', 'x', p_item_id => i.id) from unnest(array['A', 'B', 'C', 'D']) as i (id);
create function pg_temp.waits(p_item text, p_on text, p_actor text default null) returns text
language sql volatile as $$select tap.outcome(format('select work.add_dependency(%L, %L, %L)', p_item, p_on, p_actor))$$;
select ok(work.add_dependency('A', 'B'), 'one');
select ok(not work.add_dependency('A', 'B'), 'once');
select ok(work.add_dependency('B', 'C', 'ada') and work.add_dependency('A', 'C') and work.add_dependency('D', 'C'), 'a graph');
select is(pg_temp.waits('B', 'A'), 'PT409 dependency_cycle', 'two for each other');
select is(pg_temp.waits('C', 'A'), 'PT409 dependency_cycle', 'three in a round');
select is(pg_temp.waits('A', 'A'), 'PT409 dependency_cycle', 'one for itself');
select is(pg_temp.waits('A', 'none'), 'PT404 no_item', 'for nothing');
select is(pg_temp.waits('none', 'A'), 'PT404 no_item', 'nothing');
select is(pg_temp.waits(null, 'A'), 'PT404 no_item', 'null');
select is(pg_temp.waits('A', null), 'PT404 no_item', 'for null');
select is(pg_temp.waits('A', 'D', ''), 'PT400 invalid_context', 'an empty actor');
select is((select i.depends_on from work.get_item('A') as i), '{B,C}', 'what an item waits for');
select ok(work.remove_dependency('B', 'C') and work.add_dependency('C', 'B') , 'the other way round, once the first is gone');

set local role pylayer_analyst;
select is(tap.outcome($$select work.add_dependency('A', 'D')$$), '42501', 'pylayer_analyst may not');
set local role pylayer_auditor;
select is(tap.outcome($$select work.add_dependency('A', 'D')$$), '42501', 'pylayer_auditor may not');

select * from finish();
