alter type work.claimed_task add attribute position bigint;
alter index work.task_executions_pkey reset (fillfactor);

alter table work.task_executions
drop constraint task_executions_state_check,
alter column priority type integer,
alter column retry_count type integer,
alter column max_retries type integer,
alter column timeout_seconds type integer,
alter column task_name type text,
add constraint task_executions_check check (
  status <> 'running' or (lease is not null and lease_expires_at is not null and started_at is not null)
),
add constraint task_executions_check1 check ((status in ('completed', 'failed')) = (finished_at is not null)),
add constraint task_executions_check2 check (status <> 'blocked' or concurrency_key is not null),
add constraint task_executions_fields_check check (
  octet_length(execution_id) = 26 and priority between 0 and 9 and length(task_name) between 1 and 200
  and max_retries between 0 and 1000 and timeout_seconds between 1 and 604800 and retry_count >= 0
);

drop domain work.task_priority;
drop domain work.task_retries;
drop domain work.task_timeout;
drop domain work.task_name;
