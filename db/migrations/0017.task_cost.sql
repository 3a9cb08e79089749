-- A task is written three times, and its CHECKs run each time, those too that hold what never changes: its id, which the functions
-- that enqueue it make, and the fields that they check. What stays are those of its state.

alter table work.task_executions
drop constraint task_executions_execution_time_ms_check,
drop constraint task_executions_retry_count_check,
drop constraint task_executions_max_retries_check,
drop constraint task_executions_timeout_seconds_check,
drop constraint task_executions_priority_check,
drop constraint task_executions_task_name_check,
alter column execution_id type text collate "C";  -- what the domain is made of: rewrites nothing
