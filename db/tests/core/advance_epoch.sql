select no_plan();
set local role pylayer_admin;

select is(core.current_epoch(), 1, 'before');
select is(core.advance_epoch(), 2, 'a new epoch');
select is(core.current_epoch(), 2, 'holds from then on');
select is(core.advance_epoch(), 3, 'another one');

reset role;
update core.settings set system_identifier = system_identifier + 1;
set local role pylayer_admin;
select is(core.advance_epoch(), 4, 'in another cluster');
select is(core.current_epoch(), 4, 'which is then known');

select telemetry.ingest_event(tap.event());
select is((select recorded_epoch from telemetry.workflow_events), 4, 'what is stored from then on belongs to it');

set local role pylayer_agent;
select is(tap.outcome('select core.advance_epoch()'), '42501', 'others do not');

select * from finish();
