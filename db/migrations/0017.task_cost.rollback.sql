alter table work.task_executions
drop constraint task_executions_fields_check,
alter column execution_id type core.ulid,
add constraint task_executions_execution_time_ms_check check (execution_time_ms >= 0),
add constraint task_executions_retry_count_check check (retry_count >= 0),
add constraint task_executions_max_retries_check check (max_retries between 0 and 1000),
add constraint task_executions_timeout_seconds_check check (timeout_seconds between 1 and 604800),
add constraint task_executions_priority_check check (priority between 0 and 9),
add constraint task_executions_task_name_check check (length(task_name) between 1 and 200);
