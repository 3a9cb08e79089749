-- Runs that ended long ago go; what is due is found by workflow, however many other runs wait or have ended.

alter table core.settings
add column run_retention_days integer not null default 90 check (run_retention_days between 1 and 36500);
comment on column core.settings.run_retention_days is
'Days that an ended run is kept at least, with its steps, signals and spans';
grant update (run_retention_days) on core.settings to pylayer_admin;

grant delete on work.workflow_executions, work.step_executions, work.signals, work.execution_traces to pylayer_api;

-- Made in the transaction: no release has these tables yet.
-- Serves the removal of a run, and with it the check that no signal refers to it.
-- squawk-ignore require-concurrent-index-creation
create index signals_run on work.signals (run_id);

-- squawk-ignore require-concurrent-index-deletion
drop index work.workflow_executions_due;
-- squawk-ignore require-concurrent-index-creation
create index workflow_executions_due on work.workflow_executions (workflow_id, due_at, run_id) where due_at is not null;

comment on column work.workflow_executions.waiting_for is
'Event that it waits for, or ''run '' and the id of a child whose end it waits for; null is none';
