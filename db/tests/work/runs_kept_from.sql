select no_plan();
update core.settings set run_retention_days = 7;
set local role pylayer_analyst;
select is(work.runs_kept_from(), now() - interval '7 days', 'as the settings say');
set local role pylayer_agent;
select is(tap.outcome('select work.runs_kept_from()'), '42501');
select * from finish();
