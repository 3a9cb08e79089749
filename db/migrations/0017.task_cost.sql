-- squawk-ignore-file ban-drop-constraint, changing-column-type, constraint-missing-not-valid

-- A task is written three times, and each time its CHECKs are set up and run, so those of single fields become one. The
-- functions that make ids make ULIDs; of their form the table holds what is cheap. Going from the domain to the type that it is
-- made of rewrites nothing.

alter table work.task_executions
drop constraint task_executions_execution_time_ms_check,
drop constraint task_executions_retry_count_check,
drop constraint task_executions_max_retries_check,
drop constraint task_executions_timeout_seconds_check,
drop constraint task_executions_priority_check,
drop constraint task_executions_task_name_check,
alter column execution_id type text collate "C",
add constraint task_executions_fields_check check (
  octet_length(execution_id) = 26 and priority between 0 and 9 and length(task_name) between 1 and 200
  and max_retries between 0 and 1000 and timeout_seconds between 1 and 604800 and retry_count >= 0
);
