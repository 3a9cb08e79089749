comment on column work.workflow_executions.waiting_for is 'Event that it waits for; null is none';
drop index work.workflow_executions_due;
create index workflow_executions_due on work.workflow_executions (due_at, run_id) where due_at is not null;
drop index work.signals_run;
revoke delete on work.workflow_executions, work.step_executions, work.signals, work.execution_traces from pylayer_api;
alter table core.settings drop column run_retention_days;
