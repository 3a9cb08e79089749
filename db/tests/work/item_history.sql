select no_plan();

select work.create_item('task', 'x', p_item_id => 'T');
select work.transition_item('T', s.state) from unnest(array['ready', 'in_progress', 'done']) as s (state);
set local role pylayer_agent;
select is((select string_agg(format('%s:%s', t.seq, t.to_state), ' ') from work.item_history('T') as t), '1:backlog 2:ready 3:in_progress 4:done', 'in order');
select is((select string_agg(t.to_state, ' ') from work.item_history('T', 2) as t), 'backlog ready', 'a page');
select is((select string_agg(t.to_state, ' ') from work.item_history('T', 2, 2) as t), 'in_progress done', 'the next');
select is((select count(*) from work.item_history('T', p_after => null) as t), 4::bigint, 'null is the first page');
select is(tap.outcome('select work.item_history(''none'')'), 'PT404 no_item', 'no such item');
select is(tap.outcome('select work.item_history(null)'), 'PT404 no_item', 'null');
select is(tap.outcome('select work.item_history(''T'', 0)'), 'PT400 invalid_limit', 'no limit');

set local role pylayer_analyst;
select is(tap.outcome($$select work.item_history('T')$$), 'accepted', 'pylayer_analyst may');
set local role pylayer_auditor;
select is(tap.outcome($$select work.item_history('T')$$), 'accepted', 'pylayer_auditor may');

select * from finish();
