select no_plan();

select tap.running('r');
select work.complete_step('r', 1, name) from unnest(array['b', 'a', 'c']) as name;
set local role pylayer_analyst;
select is(array(select s.step_name from work.list_steps('r') as s), array['a', 'b', 'c'], 'by name');
select is(array(select s.step_name from work.list_steps('r', 1, 'a') as s), array['b'], 'a page');
select is(tap.outcome('select work.list_steps(''r'', 0)'), 'PT400 invalid_limit', 'no limit');
select is(tap.outcome('select work.list_steps(''none'')'), 'PT404 no_run', 'no such run');

select * from finish();
