alter table work.task_executions reset (fillfactor);
