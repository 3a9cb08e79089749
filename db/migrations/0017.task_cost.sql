-- squawk-ignore-file ban-drop-constraint, changing-column-type

-- A task is written three times, and its CHECKs run each time: those too that hold what never changes after it was enqueued.
-- The functions that enqueue tasks make their ids and check their fields; what stays here are the CHECKs of a task's state.
-- Dropping them and going from the domain to the type that it is made of rewrite and scan nothing.

alter table work.task_executions
drop constraint task_executions_execution_time_ms_check,
drop constraint task_executions_retry_count_check,
drop constraint task_executions_max_retries_check,
drop constraint task_executions_timeout_seconds_check,
drop constraint task_executions_priority_check,
drop constraint task_executions_task_name_check,
alter column execution_id type text collate "C";
