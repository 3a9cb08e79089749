select no_plan();

select work.register_workflow('w', '1.0.0');
set local role pylayer_admin;
select is((work.set_workflow_status('w', '1.0.0', 'deprecated')).status, 'deprecated', 'set');
select is((work.set_workflow_status('w', '1.0.0', 'deprecated')).status, 'deprecated', 'again');
select is(tap.outcome($$select work.set_workflow_status('w', '1.0.1', 'draft')$$), 'PT404 no_workflow', 'no such version');
select is(tap.outcome($$select work.set_workflow_status(null, null, 'draft')$$), 'PT404 no_workflow', 'nothing');
select is(tap.outcome($$select work.set_workflow_status('w', '1.0.0', 'gone')$$), 'PT400 invalid_status', 'no status');
reset role;
set local role pylayer_agent;
select is(tap.outcome($$select work.set_workflow_status('w', '1.0.0', 'active')$$), '42501', 'pylayer_agent may not');
reset role;
set local role pylayer_analyst;
select is(tap.outcome($$select work.set_workflow_status('w', '1.0.0', 'active')$$), '42501', 'pylayer_analyst may not');
reset role;
set local role pylayer_auditor;
select is(tap.outcome($$select work.set_workflow_status('w', '1.0.0', 'active')$$), '42501', 'pylayer_auditor may not');
reset role;

select * from finish();
