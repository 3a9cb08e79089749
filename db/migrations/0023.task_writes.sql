-- squawk-ignore-file ban-drop-constraint, ban-drop-column, ban-alter-domain-with-add-constraint
-- squawk-ignore-file changing-column-type, constraint-missing-not-valid

-- A CHECK is read from the catalog and set up again by each statement that writes the table, also by those that claim and
-- complete tasks, which change none of the fields that it is about (50 us a statement). A domain is set up once a session, and
-- checked where a value is set. So the ranges of single fields become domains, and of the CHECKs one is left. The domains get
-- their constraints after the columns have them: so nothing is rewritten.
-- Each next version of a task is entered in the primary key again, which finds room for it where half of each page is left (a
-- claim and its completion: 36.7 to 35.2 us; the index is no larger, as full pages were split).
-- A worker has no use for the position of a task: tasks are handed out in their order.

set lock_timeout = '5s';

create domain work.task_priority as integer;
create domain work.task_retries as integer;
create domain work.task_timeout as integer;
create domain work.task_name as text;

alter table work.task_executions
drop constraint task_executions_check,
drop constraint task_executions_check1,
drop constraint task_executions_check2,
drop constraint task_executions_fields_check,
alter column priority type work.task_priority,
alter column retry_count type work.task_retries,
alter column max_retries type work.task_retries,
alter column timeout_seconds type work.task_timeout,
alter column task_name type work.task_name,
add constraint task_executions_state_check check (
  (status in ('completed', 'failed')) = (finished_at is not null)
  and (status <> 'running' or (lease is not null and lease_expires_at is not null and started_at is not null))
  and (status <> 'blocked' or concurrency_key is not null)
  and octet_length(execution_id) = 26
);

alter domain work.task_priority add constraint task_priority_range check (value between 0 and 9);
alter domain work.task_retries add constraint task_retries_range check (value between 0 and 1000);
alter domain work.task_timeout add constraint task_timeout_range check (value between 1 and 604800);
alter domain work.task_name add constraint task_name_length check (length(value) between 1 and 200);

comment on domain work.task_priority is '0 is first, 9 last';
comment on domain work.task_retries is 'How often a task is tried again, 0 to 1000';
comment on domain work.task_timeout is 'How long one attempt of a task may take, 1 to 604800 seconds';
comment on domain work.task_name is 'The name of a handler, 1 to 200 characters';

alter domain work.task_priority owner to pylayer_owner;
alter domain work.task_retries owner to pylayer_owner;
alter domain work.task_timeout owner to pylayer_owner;
alter domain work.task_name owner to pylayer_owner;

alter index work.task_executions_pkey set (fillfactor = 50);

alter type work.claimed_task drop attribute position;
