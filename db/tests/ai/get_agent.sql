select no_plan();

select ai.save_agent('coder-1', '{"name": "Coder"}');
set local role pylayer_agent;
select is((select (a.name, a.cost_usd_total)::text from ai.get_agent('coder-1') as a), '(Coder,0)', 'with what it used');
select is(tap.outcome($$select ai.get_agent('none')$$), 'PT404 no_agent', 'no such agent');
select is(tap.outcome($$select ai.get_agent(null)$$), 'PT404 no_agent', 'none');
set local role pylayer_analyst;
select is(tap.outcome($$select ai.get_agent('coder-1')$$), 'accepted', 'pylayer_analyst may');
set local role pylayer_auditor;
select is(tap.outcome($$select ai.get_agent('coder-1')$$), 'accepted', 'pylayer_auditor may');
reset role;
update ai.agents set deleted_at = now();
select is(tap.outcome($$select ai.get_agent('coder-1')$$), 'PT404 no_agent', 'one that was removed');

select * from finish();
