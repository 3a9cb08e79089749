-- The task queue: tasks, their queues, and the schedules that enqueue them.

create type work.task_status as enum ('scheduled', 'blocked', 'ready', 'running', 'completed', 'failed');
comment on type work.task_status is
'scheduled: waits for its time; blocked: waits for a task with its concurrency key; ready; running; completed; failed: a dead letter';
create type work.task_events as enum ('terminal', 'all', 'none');
comment on type work.task_events is 'Which changes of a task''s state become events: completed and failed, every one, or none';

create table work.queues (
  queue text primary key check (queue ~ '^[a-z][a-z0-9_.-]{0,62}$'),
  paused_at timestamptz,
  events work.task_events not null default 'terminal',
  key_limit integer not null default 1 check (key_limit between 1 and 1000),
  retry_base_seconds double precision not null default 5 check (retry_base_seconds between 0 and 86400),
  retry_max_seconds double precision not null default 3600 check (retry_max_seconds between 0 and 604800),
  retention_days integer not null default 30 check (retention_days between 1 and 3650),
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp()
);
comment on table work.queues is 'Queues of tasks and how each treats them. The first task of a queue makes it';
comment on column work.queues.queue is 'Name: a lower-case letter, then up to 62 of a-z, 0-9, _, . and -';
comment on column work.queues.paused_at is 'Since when none of its tasks is handed out; null is not';
comment on column work.queues.events is 'Which changes of its tasks'' state become events';
comment on column work.queues.key_limit is 'Most tasks of one concurrency key that are ready or running at once';
comment on column work.queues.retry_base_seconds is 'Wait after a task''s first failure, seconds; doubled after each further one, with jitter';
comment on column work.queues.retry_max_seconds is 'Longest wait after a failure, seconds, before jitter';
comment on column work.queues.retention_days is 'How long completed tasks are kept, days';
comment on column work.queues.created_at is 'When it was made';
comment on column work.queues.updated_at is 'When its settings last changed';

create sequence work.task_positions as bigint;
comment on sequence work.task_positions is 'Order in which tasks became ready';

create table work.task_executions (
  execution_id core.ulid primary key,
  position bigint not null default nextval('work.task_positions'),
  lease uuid,
  lease_expires_at timestamptz,
  scheduled_at timestamptz not null,
  created_at timestamptz not null,
  started_at timestamptz,
  finished_at timestamptz,
  execution_time_ms bigint check (execution_time_ms >= 0),
  status work.task_status not null,
  priority integer not null check (priority between 0 and 9),
  retry_count integer not null default 0 check (retry_count >= 0),
  max_retries integer not null check (max_retries between 0 and 1000),
  timeout_seconds integer not null check (timeout_seconds between 1 and 604800),
  queue text not null,
  task_name text not null check (length(task_name) between 1 and 200),
  task_type text,
  worker text,
  unique_key text,
  concurrency_key text,
  run_id text,
  workflow_name text,
  agent_id text,
  project_id text,
  input_data jsonb,
  output_data jsonb,
  error text,
  metadata jsonb,
  check (status <> 'running' or (lease is not null and lease_expires_at is not null and started_at is not null)),
  check ((status in ('completed', 'failed')) = (finished_at is not null)),
  check (status <> 'blocked' or concurrency_key is not null)
);
comment on table work.task_executions is
'Tasks. A worker holds one by a lease, whose token it must show to finish it. Completed ones stay for the queue''s retention_days, failed ones until they are queued again';
comment on column work.task_executions.execution_id is 'ULID';
comment on column work.task_executions.position is 'Age among the ready tasks of its queue and priority: the order in which they became ready';
comment on column work.task_executions.lease is 'Token of the last lease; who shows another one lost the task';
comment on column work.task_executions.lease_expires_at is 'Until when its worker holds it; null when nobody does';
comment on column work.task_executions.scheduled_at is 'When it may run at the earliest';
comment on column work.task_executions.created_at is 'When it was enqueued';
comment on column work.task_executions.started_at is 'When its last attempt began; null before the first';
comment on column work.task_executions.finished_at is 'When it completed, or failed for good';
comment on column work.task_executions.execution_time_ms is 'How long its last attempt took, milliseconds';
comment on column work.task_executions.status is 'Its state';
comment on column work.task_executions.priority is '0 is first, 9 last';
comment on column work.task_executions.retry_count is 'How often it was tried again';
comment on column work.task_executions.max_retries is 'How often it may be tried again before it is a dead letter';
comment on column work.task_executions.timeout_seconds is 'Longest time that one attempt may take, seconds; no heartbeat extends the lease beyond it';
comment on column work.task_executions.queue is 'Its queue';
comment on column work.task_executions.task_name is 'What to do: the name of a handler';
comment on column work.task_executions.task_type is 'Kind of task, free text';
comment on column work.task_executions.worker is 'Who holds it, or held it last';
comment on column work.task_executions.unique_key is 'No two tasks of a queue have the same, for as long as they are kept';
comment on column work.task_executions.concurrency_key is 'Of the tasks of a queue with the same key, key_limit run at once';
comment on column work.task_executions.run_id is 'Run that it belongs to';
comment on column work.task_executions.workflow_name is 'Workflow that it belongs to';
comment on column work.task_executions.agent_id is 'Agent that it is for';
comment on column work.task_executions.project_id is 'Project that it belongs to';
comment on column work.task_executions.input_data is 'What its handler is given';
comment on column work.task_executions.output_data is 'What its handler returned';
comment on column work.task_executions.error is 'Why its last attempt failed';
comment on column work.task_executions.metadata is 'Whatever nobody queries yet, such as a traceparent';

-- Each holds live tasks alone, so that no number of finished ones makes it larger.
create index task_executions_ready_idx on work.task_executions (queue, priority, position) where status = 'ready';
create index task_executions_scheduled_idx on work.task_executions (scheduled_at) where status = 'scheduled';
create index task_executions_leases_idx on work.task_executions (lease_expires_at) where status = 'running';
create index task_executions_keys_idx on work.task_executions (queue, concurrency_key, status, priority, position)
where concurrency_key is not null and status in ('blocked', 'ready', 'running');
create unique index task_executions_unique_key_idx on work.task_executions (queue, unique_key)
where unique_key is not null;
create index task_executions_failed_idx on work.task_executions (execution_id) where status = 'failed';
create index task_executions_run_idx on work.task_executions (run_id) where run_id is not null;

create table work.task_schedules (
  schedule text primary key check (schedule ~ '^[a-z][a-z0-9_.-]{0,62}$'),
  cron text not null check (length(cron) between 1 and 200),
  timezone text not null default 'UTC' check (length(timezone) between 1 and 64),
  task jsonb not null check (jsonb_typeof(task) = 'object'),
  next_at timestamptz not null,
  last_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp()
);
comment on table work.task_schedules is 'Schedules, each of which enqueues a task at each of its times';
comment on column work.task_schedules.schedule is 'Name: a lower-case letter, then up to 62 of a-z, 0-9, _, . and -';
comment on column work.task_schedules.cron is 'Its times as a cron expression of five fields; the scheduler reads it';
comment on column work.task_schedules.timezone is 'Time zone of the cron expression, an IANA name';
comment on column work.task_schedules.task is 'The task that it enqueues, as work.enqueue_tasks takes it';
comment on column work.task_schedules.next_at is 'Its next time';
comment on column work.task_schedules.last_at is 'The time for which it last enqueued a task; null before the first';
comment on column work.task_schedules.created_at is 'When it was made';
comment on column work.task_schedules.updated_at is 'When it was last set';

create type work.task_info as (
  execution_id text,
  queue text,
  task_name text,
  task_type text,
  status work.task_status,
  priority integer,
  retry_count integer,
  max_retries integer,
  timeout_seconds integer,
  input_data jsonb,
  output_data jsonb,
  error text,
  unique_key text,
  concurrency_key text,
  run_id text,
  workflow_name text,
  agent_id text,
  project_id text,
  worker text,
  metadata jsonb,
  created_at timestamptz,
  scheduled_at timestamptz,
  started_at timestamptz,
  lease_expires_at timestamptz,
  finished_at timestamptz,
  execution_time_ms bigint
);
comment on type work.task_info is 'A task as functions return it, without the token of its lease';

create type work.task_change as (
  execution_id text,
  queue text,
  from_status text,
  to_status text,
  run_id text,
  workflow_name text,
  project_id text,
  concurrency_key text,
  reason text,
  actor text,
  since timestamptz
);
comment on type work.task_change is 'A change of a task''s state: from one, null at creation, in which it was since a time, to another';

create type work.claimed_task as (
  execution_id text,
  lease uuid,
  lease_expires_at timestamptz,
  queue text,
  task_name text,
  task_type text,
  priority integer,
  retry_count integer,
  max_retries integer,
  timeout_seconds integer,
  input_data jsonb,
  run_id text,
  workflow_name text,
  agent_id text,
  project_id text,
  metadata jsonb,
  scheduled_at timestamptz,
  started_at timestamptz,
  position bigint
);
comment on type work.claimed_task is 'A task as a worker gets it: with the token and the end of its lease';

insert into work.queues (queue) values ('default');

-- Owners and rights -------------------------------------------------------------------------------------------

alter type work.task_status owner to pylayer_owner;
alter type work.task_events owner to pylayer_owner;
alter type work.task_info owner to pylayer_owner;
alter type work.task_change owner to pylayer_owner;
alter type work.claimed_task owner to pylayer_owner;
alter table work.queues owner to pylayer_owner;
alter table work.task_executions owner to pylayer_owner;
alter table work.task_schedules owner to pylayer_owner;
alter sequence work.task_positions owner to pylayer_owner;

grant select on work.queues, work.task_executions, work.task_schedules
to pylayer_api, pylayer_admin, pylayer_analyst, pylayer_auditor;
grant insert, update on work.queues to pylayer_api;
grant insert, update, delete on work.task_executions, work.task_schedules to pylayer_api;
grant usage, select on sequence work.task_positions to pylayer_api;
