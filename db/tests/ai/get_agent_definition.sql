select no_plan();

select ai.save_agent_definition('coder', '{"model": "one"}');
select ai.save_agent_definition('coder', '{"model": "two"}');
set local role pylayer_agent;
select is((select d.model from ai.get_agent_definition('coder') as d), 'two', 'the latest');
select is((select d.model from ai.get_agent_definition('coder', 1) as d), 'one', 'a version');
select is(tap.outcome($$select ai.get_agent_definition('coder', 3)$$), 'PT404 no_definition', 'no such version');
select is(tap.outcome($$select ai.get_agent_definition('none')$$), 'PT404 no_definition', 'no such name');
select is(tap.outcome($$select ai.get_agent_definition(null)$$), 'PT404 no_definition', 'none');
set local role pylayer_analyst;
select is(tap.outcome($$select ai.get_agent_definition('coder')$$), 'accepted', 'pylayer_analyst may');
set local role pylayer_auditor;
select is(tap.outcome($$select ai.get_agent_definition('coder')$$), 'accepted', 'pylayer_auditor may');

select * from finish();
