-- Workflows and their executions: registered definitions, durable steps, signals, spans.

create table work.workflows (
  workflow_id text not null check (octet_length(workflow_id) between 1 and 200),
  version_major integer not null check (version_major >= 0),
  version_minor integer not null check (version_minor >= 0),
  version_patch integer not null check (version_patch >= 0),
  version text not null generated always as (
    version_major::text || '.' || version_minor::text || '.' || version_patch::text
  ) stored,
  name text check (length(name) <= 500),
  description text check (length(description) <= 10000),
  status text not null check (status in ('draft', 'active', 'deprecated')),
  steps jsonb not null check (jsonb_typeof(steps) = 'array'),
  project_id text check (length(project_id) <= 500),
  metadata jsonb check (jsonb_typeof(metadata) = 'object'),
  tags jsonb check (jsonb_typeof(tags) in ('object', 'array')),
  used_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  primary key (workflow_id, version_major, version_minor, version_patch),
  unique (workflow_id, version)
);
comment on table work.workflows is
'Definitions of workflows, one row a semantic version. A definition never changes once a run has used it';
comment on column work.workflows.workflow_id is 'Name of the workflow; workflow_name of its events';
comment on column work.workflows.version_major is 'Semantic version: changes that break';
comment on column work.workflows.version_minor is 'Semantic version: additions';
comment on column work.workflows.version_patch is 'Semantic version: corrections';
comment on column work.workflows.version is 'The version as text, such as 1.2.0';
comment on column work.workflows.name is 'Title for people';
comment on column work.workflows.description is 'What it does';
comment on column work.workflows.status is 'draft and deprecated: only an exact version finds it; active: ranges and latest do too';
comment on column work.workflows.steps is 'Array of objects with name and, where it has some, depends_on; other keys are kept';
comment on column work.workflows.project_id is 'Project it belongs to, free text';
comment on column work.workflows.metadata is 'What nobody queries';
comment on column work.workflows.tags is 'Object or array to search by containment; null is none';
comment on column work.workflows.used_at is 'When the first run used it: since then its definition stands; null is never';
comment on column work.workflows.created_at is 'When it was registered';
comment on column work.workflows.updated_at is 'When it was changed last';

create index workflows_tags on work.workflows using gin (tags jsonb_path_ops) where tags is not null;

create table work.workflow_executions (
  run_id text primary key check (octet_length(run_id) between 1 and 500),
  workflow_id text not null check (octet_length(workflow_id) between 1 and 200),
  version text,
  parent_run_id text references work.workflow_executions,
  status text not null default 'pending'
  check (status in ('pending', 'running', 'waiting', 'completed', 'failed', 'cancelled')),
  reason text check (length(reason) <= 1000),
  actor text check (length(actor) <= 500),
  current_step text,
  total_steps integer check (total_steps >= 0),
  completed_steps integer not null default 0 check (completed_steps >= 0),
  state_data jsonb,
  inputs jsonb not null default '{}',
  outputs jsonb,
  error text,
  error_count integer not null default 0,
  attempt integer not null default 0,
  worker text,
  lease_seconds integer check (lease_seconds > 0),
  waiting_for text,
  due_at timestamptz,
  deadline timestamptz,
  assigned_agents text[],
  project_id text check (length(project_id) <= 500),
  metadata jsonb check (jsonb_typeof(metadata) = 'object'),
  tags jsonb check (jsonb_typeof(tags) in ('object', 'array')),
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  status_at timestamptz not null default clock_timestamp(),
  started_at timestamptz,
  completed_at timestamptz,
  foreign key (workflow_id, version) references work.workflows (workflow_id, version),
  constraint ended_is_not_due check (completed_at is null or due_at is null),
  constraint waiting_for_while_waiting check (waiting_for is null or status = 'waiting')
) with (fillfactor = 70);  -- room for HOT updates: each step changes the row, none of its indexed columns
comment on table work.workflow_executions is
'Runs of workflows. Triggers hold the machine of states, and store the event of each change in its transaction';
comment on column work.workflow_executions.run_id is 'Chosen by whoever starts the run, free text: the key that makes a start safe to repeat';
comment on column work.workflow_executions.workflow_id is 'Workflow that it runs';
comment on column work.workflow_executions.version is 'Registered version that it runs; null is none';
comment on column work.workflow_executions.parent_run_id is 'Run that started it; cancelled with it';
comment on column work.workflow_executions.status is 'pending, running, waiting, completed, failed or cancelled';
comment on column work.workflow_executions.reason is 'Why it has this status, when somebody said so';
comment on column work.workflow_executions.actor is 'Who gave it this status: a worker, or whoever cancelled it';
comment on column work.workflow_executions.current_step is 'Step that was begun or recorded last';
comment on column work.workflow_executions.total_steps is 'Steps of the registered definition; null when there is none';
comment on column work.workflow_executions.completed_steps is 'Steps recorded complete';
comment on column work.workflow_executions.state_data is 'What the workflow keeps beside the results of its steps';
comment on column work.workflow_executions.inputs is 'What it was started with';
comment on column work.workflow_executions.outputs is 'Its result; null until it has completed';
comment on column work.workflow_executions.error is 'Why it failed, for people';
comment on column work.workflow_executions.error_count is 'Failures of its steps and of itself';
comment on column work.workflow_executions.attempt is 'How often it was claimed: only who holds the latest attempt records anything';
comment on column work.workflow_executions.worker is 'Who claimed it last; null while it waits';
comment on column work.workflow_executions.lease_seconds is 'How long a claim lasts; steps renew it';
comment on column work.workflow_executions.waiting_for is 'Event that it waits for; null is none';
comment on column work.workflow_executions.due_at is
'From when on it may be claimed: at its start, at the end of a lease or of a sleep; null: never by the clock';
comment on column work.workflow_executions.deadline is 'When it fails if it has not ended; null is never';
comment on column work.workflow_executions.assigned_agents is 'Agents that work on it';
comment on column work.workflow_executions.project_id is 'Project it belongs to, free text';
comment on column work.workflow_executions.metadata is 'What nobody queries';
comment on column work.workflow_executions.tags is 'Object or array to search by containment; null is none';
comment on column work.workflow_executions.created_at is 'When it was started, in the state pending';
comment on column work.workflow_executions.updated_at is 'When it was changed last';
comment on column work.workflow_executions.status_at is 'Since when it has this status';
comment on column work.workflow_executions.started_at is 'When it was first claimed';
comment on column work.workflow_executions.completed_at is 'When it completed, failed or was cancelled';

create index workflow_executions_created on work.workflow_executions (created_at, run_id);
create index workflow_executions_workflow on work.workflow_executions (workflow_id, created_at, run_id);
create index workflow_executions_status on work.workflow_executions (status, created_at, run_id);
create index workflow_executions_due on work.workflow_executions (due_at, run_id) where due_at is not null;
create index workflow_executions_deadline on work.workflow_executions (deadline)
where deadline is not null and completed_at is null;
create index workflow_executions_parent on work.workflow_executions (parent_run_id) where parent_run_id is not null;
create index workflow_executions_project on work.workflow_executions (project_id, created_at, run_id)
where project_id is not null;
create index workflow_executions_tags on work.workflow_executions using gin (tags jsonb_path_ops) where tags is not null;

create table work.step_executions (
  run_id text not null references work.workflow_executions,
  step_name text not null check (octet_length(step_name) between 1 and 500),
  status text not null check (status in ('running', 'waiting', 'completed', 'failed')),
  attempt integer not null check (attempt > 0),
  tries integer not null default 1 check (tries > 0),
  output jsonb,
  error text,
  duration_ms bigint check (duration_ms >= 0),
  wakes_at timestamptz,
  started_at timestamptz not null,
  completed_at timestamptz,
  primary key (run_id, step_name),
  constraint completed_at_follows_status check ((completed_at is not null) = (status = 'completed'))
);
comment on table work.step_executions is
'Steps of runs: the memory that lets a run go on where it was. One that is complete never changes';
comment on column work.step_executions.run_id is 'Run';
comment on column work.step_executions.step_name is 'Name, once in a run';
comment on column work.step_executions.status is 'running, waiting (for an event or a time), completed or failed';
comment on column work.step_executions.attempt is 'Attempt of the run that changed it last';
comment on column work.step_executions.tries is 'How often it was tried';
comment on column work.step_executions.output is 'Its result, or what the event brought';
comment on column work.step_executions.error is 'Why its last try failed';
comment on column work.step_executions.duration_ms is 'Duration of its last try, milliseconds';
comment on column work.step_executions.wakes_at is 'When its wait ends by the clock; null is never';
comment on column work.step_executions.started_at is 'When its last try began';
comment on column work.step_executions.completed_at is 'When it was recorded complete';

create table work.signals (
  signal_id core.ulid primary key,
  run_id text not null references work.workflow_executions,
  event_name text not null check (octet_length(event_name) between 1 and 200),
  payload jsonb not null,
  step_name text,
  created_at timestamptz not null default clock_timestamp(),
  received_at timestamptz,
  constraint received_by_a_step check ((step_name is null) = (received_at is null))
);
comment on table work.signals is 'Events sent to runs. Each is received once, in the order in which they came';
comment on column work.signals.signal_id is 'ULID, made by the sender: the key that makes sending safe to repeat';
comment on column work.signals.run_id is 'Run that it is sent to';
comment on column work.signals.event_name is 'What a step waits for';
comment on column work.signals.payload is 'What it brings';
comment on column work.signals.step_name is 'Step that received it; null while none has';
comment on column work.signals.created_at is 'When it was sent';
comment on column work.signals.received_at is 'When a step received it';

create index signals_waiting on work.signals (run_id, event_name, created_at, signal_id) where step_name is null;

create table work.execution_traces (
  run_id text not null references work.workflow_executions,
  span_id text not null check (octet_length(span_id) between 1 and 200),
  parent_span_id text check (octet_length(parent_span_id) between 1 and 200),
  name text not null check (length(name) between 1 and 500),
  kind text not null check (kind in ('llm', 'tool', 'retrieval', 'agent')),
  step_name text check (octet_length(step_name) between 1 and 500),
  status text not null check (status in ('ok', 'error')),
  error text,
  input_ref text check (length(input_ref) <= 2000),
  output_ref text check (length(output_ref) <= 2000),
  model text check (length(model) <= 500),
  input_tokens bigint check (input_tokens >= 0),
  cached_input_tokens bigint check (cached_input_tokens >= 0),
  output_tokens bigint check (output_tokens >= 0),
  cost_usd numeric check (cost_usd between 0 and 1000000000),
  metadata jsonb check (jsonb_typeof(metadata) = 'object'),
  started_at timestamptz not null,
  ended_at timestamptz not null,
  primary key (run_id, span_id),
  constraint ends_after_its_start check (ended_at >= started_at and isfinite(started_at) and isfinite(ended_at))
);
comment on table work.execution_traces is 'Spans of runs: calls of models, tools, retrieval and agents. Append-only';
comment on column work.execution_traces.run_id is 'Run';
comment on column work.execution_traces.span_id is 'Id, once in a run';
comment on column work.execution_traces.parent_span_id is 'Span around it; null at the top';
comment on column work.execution_traces.name is 'What was called';
comment on column work.execution_traces.kind is 'llm, tool, retrieval or agent';
comment on column work.execution_traces.step_name is 'Step that it belongs to';
comment on column work.execution_traces.status is 'ok or error';
comment on column work.execution_traces.error is 'Why it failed';
comment on column work.execution_traces.input_ref is 'Where its input stands, such as an artifact';
comment on column work.execution_traces.output_ref is 'Where its output stands';
comment on column work.execution_traces.model is 'Model of an llm span';
comment on column work.execution_traces.input_tokens is 'Input tokens, the cached ones included';
comment on column work.execution_traces.cached_input_tokens is 'Input tokens read from a cache';
comment on column work.execution_traces.output_tokens is 'Output tokens';
comment on column work.execution_traces.cost_usd is 'Cost, USD';
comment on column work.execution_traces.metadata is 'What nobody queries';
comment on column work.execution_traces.started_at is 'When it began';
comment on column work.execution_traces.ended_at is 'When it ended';

-- What the functions return -----------------------------------------------------------------------------------

create type work.workflow_info as (
  workflow_id text,
  version text,
  name text,
  description text,
  status text,
  steps jsonb,
  project_id text,
  metadata jsonb,
  tags jsonb,
  used_at timestamptz,
  created_at timestamptz,
  updated_at timestamptz,
  created boolean
);
comment on type work.workflow_info is 'A version of a workflow; created is false when it stood there already';

create type work.execution_info as (
  run_id text,
  workflow_id text,
  version text,
  parent_run_id text,
  status text,
  reason text,
  actor text,
  current_step text,
  total_steps integer,
  completed_steps integer,
  state_data jsonb,
  inputs jsonb,
  outputs jsonb,
  error text,
  error_count integer,
  attempt integer,
  worker text,
  waiting_for text,
  due_at timestamptz,
  deadline timestamptz,
  assigned_agents text [],
  project_id text,
  metadata jsonb,
  tags jsonb,
  created_at timestamptz,
  updated_at timestamptz,
  started_at timestamptz,
  completed_at timestamptz,
  created boolean
);
comment on type work.execution_info is 'A run; created is true only when this call started it';

create type work.step_info as (
  run_id text,
  step_name text,
  status text,
  attempt integer,
  tries integer,
  output jsonb,
  error text,
  duration_ms bigint,
  wakes_at timestamptz,
  started_at timestamptz,
  completed_at timestamptz
);
comment on type work.step_info is 'A step of a run';

-- Guards ------------------------------------------------------------------------------------------------------

create trigger workflows_keep_definition before update on work.workflows
for each row when (
  old.used_at is not null
  and (new.used_at, new.workflow_id, new.version_major, new.version_minor, new.version_patch, new.steps, new.created_at)
  is distinct from
  (old.used_at, old.workflow_id, old.version_major, old.version_minor, old.version_patch, old.steps, old.created_at)
) execute function core.forbid_mutation();

-- The machine of states, and the times that follow from it.
create function work.guard_execution() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_from text := case when tg_op = 'UPDATE' then old.status else 'none' end;
begin
  if (v_from, new.status) not in (
    ('none', 'pending'), ('pending', 'running'), ('pending', 'failed'), ('pending', 'cancelled'),
    ('running', 'waiting'), ('running', 'completed'), ('running', 'failed'), ('running', 'cancelled'),
    ('waiting', 'running'), ('waiting', 'failed'), ('waiting', 'cancelled'), ('failed', 'pending')
  ) then
    raise exception using
      errcode = 'PT409', message = 'a run cannot change so', constraint = 'illegal_transition',
      detail = format('run %s: %s to %s', new.run_id, v_from, new.status),
      hint = 'pending, running, waiting and running again; then completed, failed or cancelled; failed to pending';
  end if;
  new.status_at := clock_timestamp();
  if new.status = 'running' then
    new.started_at := coalesce(new.started_at, new.status_at);
  end if;
  if new.status in ('completed', 'failed', 'cancelled') then
    new.completed_at := new.status_at;
    new.due_at := null;
    new.waiting_for := null;
  else
    new.completed_at := null;
  end if;
  return new;
end
$$;
comment on function work.guard_execution() is
'Trigger function: refuses a status that does not follow from the one before. Errors: PT409 illegal_transition';

-- The event of a change of status, in its transaction.
create function work.store_execution_event() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_was work.workflow_executions := case when tg_op = 'UPDATE' then old end;
begin
  perform telemetry.ingest_event(telemetry.state_changed_event(
    p_item_type => 'workflow_run', p_item_id => new.run_id, p_from_state => v_was.status, p_to_state => new.status,
    p_run_id => new.run_id, p_workflow_name => new.workflow_id, p_project_id => new.project_id,
    p_reason => new.reason, p_actor => new.actor,
    p_time_in_state_seconds => extract(epoch from new.status_at - v_was.status_at)::double precision
  ));
  return null;
end
$$;
comment on function work.store_execution_event() is
'Trigger function: stores the event of a change of a run''s status in the same transaction';

create trigger workflow_executions_begin before insert on work.workflow_executions
for each row execute function work.guard_execution();
create trigger workflow_executions_machine before update on work.workflow_executions
for each row when (new.status <> old.status) execute function work.guard_execution();
create trigger workflow_executions_begun after insert on work.workflow_executions
for each row execute function work.store_execution_event();
create trigger workflow_executions_changed after update on work.workflow_executions
for each row when (new.status <> old.status) execute function work.store_execution_event();
create trigger workflow_executions_identity
before update of run_id, workflow_id, version, parent_run_id, inputs, project_id, created_at on work.workflow_executions
for each row execute function core.forbid_mutation();
create trigger workflow_executions_ended before update on work.workflow_executions
for each row when (old.status in ('completed', 'failed', 'cancelled') and new.status = old.status)
execute function core.forbid_mutation();
create trigger step_executions_completed before update on work.step_executions
for each row when (old.status = 'completed') execute function core.forbid_mutation();
create trigger signals_received before update on work.signals
for each row when (
  old.step_name is not null
  or new.step_name is null
  or (new.signal_id, new.run_id, new.event_name, new.payload, new.created_at)
  is distinct from (old.signal_id, old.run_id, old.event_name, old.payload, old.created_at)
) execute function core.forbid_mutation();
create trigger execution_traces_immutable before update on work.execution_traces
for each row execute function core.forbid_mutation();

alter table work.workflows enable always trigger workflows_keep_definition;
alter table work.workflow_executions enable always trigger workflow_executions_begin;
alter table work.workflow_executions enable always trigger workflow_executions_machine;
alter table work.workflow_executions enable always trigger workflow_executions_identity;
alter table work.workflow_executions enable always trigger workflow_executions_ended;
alter table work.step_executions enable always trigger step_executions_completed;
alter table work.signals enable always trigger signals_received;
alter table work.execution_traces enable always trigger execution_traces_immutable;

-- Owners and rights -------------------------------------------------------------------------------------------

alter table work.workflows owner to pylayer_owner;
alter table work.workflow_executions owner to pylayer_owner;
alter table work.step_executions owner to pylayer_owner;
alter table work.signals owner to pylayer_owner;
alter table work.execution_traces owner to pylayer_owner;
alter type work.workflow_info owner to pylayer_owner;
alter type work.execution_info owner to pylayer_owner;
alter type work.step_info owner to pylayer_owner;
alter function work.guard_execution() owner to pylayer_owner;
alter function work.store_execution_event() owner to pylayer_owner;

revoke all on function work.guard_execution(), work.store_execution_event() from public;

grant select on work.workflows, work.workflow_executions, work.step_executions, work.signals, work.execution_traces
to pylayer_api, pylayer_admin, pylayer_analyst, pylayer_auditor;
grant insert on work.workflows, work.workflow_executions, work.step_executions, work.signals, work.execution_traces
to pylayer_api;
grant update on work.workflows, work.step_executions to pylayer_api;
grant update (
  status, reason, actor, current_step, completed_steps, state_data, outputs, error, error_count, attempt, worker,
  lease_seconds, waiting_for, due_at, deadline, updated_at
) on work.workflow_executions to pylayer_api;
grant update (step_name, received_at) on work.signals to pylayer_api;
