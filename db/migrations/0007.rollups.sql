-- Rollups: what was learnt from the events, kept for ever. telemetry.refresh_rollups is all that writes here.

-- Bounds of the duration histograms. Stored histograms mean these bounds, so they never change.
create function telemetry.duration_bounds_ms() returns numeric array
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select array[
    5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 900000, 3600000
  ]::numeric[]
$$;
comment on function telemetry.duration_bounds_ms() is
'Upper bounds of the duration histograms, milliseconds, each inclusive; the last bucket, above them all, has none';

-- The bucket of a duration, from 1: the number of bounds below it, and one. width_bucket counts the bounds that are not
-- above its operand; with all signs turned, those that are not below it. Without SET search_path, so that it is inlined
-- per event.
create function telemetry.duration_bucket(p_ms numeric) returns integer
language sql immutable strict parallel safe
as $$
  select 17 - width_bucket(
    -p_ms,
    '{-3600000,-900000,-300000,-60000,-30000,-10000,-5000,-2500,-1000,-500,-250,-100,-50,-25,-10,-5}'::numeric[]
  )
$$;
comment on function telemetry.duration_bucket(numeric) is
'Number of the histogram bucket of a duration in milliseconds: 1 to 16 by telemetry.duration_bounds_ms, 17 above';

-- Progress ----------------------------------------------------------------------------------------------------

create table telemetry.rollup_progress (
  singleton boolean primary key default true check (singleton),
  epoch integer not null default 1 check (epoch > 0),
  xid bigint not null default 0,
  event_id text collate "C" not null default '',
  events bigint not null default 0,
  refreshed_at timestamptz
);
comment on table telemetry.rollup_progress is
'One row: all events up to (epoch, xid, event_id), in the order in which they were recorded, are counted, each once';
comment on column telemetry.rollup_progress.singleton is 'Always true: the table has one row';
comment on column telemetry.rollup_progress.epoch is 'recorded_epoch of the last event that is counted';
comment on column telemetry.rollup_progress.xid is 'Its recorded_xid';
comment on column telemetry.rollup_progress.event_id is 'Its event_id';
comment on column telemetry.rollup_progress.events is 'Events counted so far';
comment on column telemetry.rollup_progress.refreshed_at is 'When the last refresh was; null before the first';
insert into telemetry.rollup_progress default values;

-- What a refresh takes of one event.
create type telemetry.counted_event as (
  recorded_xid bigint,
  event_id text collate "C",
  partition oid,
  event_name text,
  ts timestamptz,
  run_id text,
  item_id text,
  workflow_name text,
  agent_role text,
  project_id text,
  label_1 text,
  label_2 text,
  label_3 text,
  label_4 text,
  input_tokens numeric,
  cached_input_tokens numeric,
  output_tokens numeric,
  cost_usd numeric,
  duration_ms numeric
);
comment on type telemetry.counted_event is
'What a refresh takes of one event; labels and numbers only where its payload fulfils version 1 of its contract';

-- Counts ------------------------------------------------------------------------------------------------------

create table telemetry.event_rollups (
  grain text not null check (grain in ('hour', 'day', 'all')),
  bucket timestamptz not null check ((grain = 'all') = (bucket = '-infinity')),
  series_id uuid not null,
  event_name text not null,
  workflow_name text,
  agent_role text,
  labels jsonb not null,
  events bigint not null,
  input_tokens numeric not null,
  cached_input_tokens numeric not null,
  output_tokens numeric not null,
  cost_usd numeric not null,
  duration_ms_sum numeric not null,
  duration_histogram bigint array,
  primary key (grain, bucket, series_id)
) with (fillfactor = 80);  -- room for HOT updates: counting changes no indexed column
create index event_rollups_name_bucket on telemetry.event_rollups (event_name, grain, bucket);
comment on table telemetry.event_rollups is
'Events counted by hour, by day and over all time, by name, workflow, role and the payload''s own labels; kept for ever';
comment on column telemetry.event_rollups.grain is 'hour, day, or all: the running totals';
comment on column telemetry.event_rollups.bucket is 'Start of the hour or day of ts, UTC; -infinity for all';
comment on column telemetry.event_rollups.series_id is
'First half of the sha256 of name, workflow, role and labels: a key of fixed size, whatever their length';
comment on column telemetry.event_rollups.event_name is 'Name of the event type';
comment on column telemetry.event_rollups.workflow_name is 'Workflow, or null';
comment on column telemetry.event_rollups.agent_role is 'Role of the agent that reported it, or null';
comment on column telemetry.event_rollups.labels is
'The keys of telemetry.label_keys that the payload has, the first 128 characters of each; empty for other types';
comment on column telemetry.event_rollups.events is 'Number of events';
comment on column telemetry.event_rollups.input_tokens is 'Sum over steps, the cached ones included';
comment on column telemetry.event_rollups.cached_input_tokens is 'Sum over steps';
comment on column telemetry.event_rollups.output_tokens is 'Sum over steps';
comment on column telemetry.event_rollups.cost_usd is 'Sum of the estimated cost of steps, USD';
comment on column telemetry.event_rollups.duration_ms_sum is 'Sum over steps, milliseconds';
comment on column telemetry.event_rollups.duration_histogram is
'Steps by duration: one count a bucket of telemetry.duration_bounds_ms, not cumulative, the last one above all bounds; null without durations';

create table telemetry.month_rollups (
  month timestamptz primary key,
  events bigint not null
);
comment on table telemetry.month_rollups is 'Counted events by the month of their id: what a dropped month is compared with';
comment on column telemetry.month_rollups.month is 'Start of the month, UTC';
comment on column telemetry.month_rollups.events is 'Number of its events that are in the rollups';

-- Runs and items ----------------------------------------------------------------------------------------------

create table telemetry.state_changes (
  item_id text not null,
  item_type text not null,
  ts timestamptz not null,
  event_id text collate "C" not null,
  run_id text,
  from_state text,
  to_state text not null,
  primary key (item_id, item_type, ts, event_id)
);
comment on table telemetry.state_changes is
'Each reported change of state, kept for ever: facts that depend on the order are computed from it, so that late events are exact';
comment on column telemetry.state_changes.item_id is 'The item; for item_type workflow_run its run_id';
comment on column telemetry.state_changes.item_type is 'story, task, workflow_run, ...; the first 128 characters';
comment on column telemetry.state_changes.ts is 'When it happened';
comment on column telemetry.state_changes.event_id is 'The event that told it';
comment on column telemetry.state_changes.run_id is 'Run in which it happened';
comment on column telemetry.state_changes.from_state is 'State before as reported, null at creation; the first 128 characters';
comment on column telemetry.state_changes.to_state is 'State from then on; the first 128 characters';

create table telemetry.run_rollups (
  run_id text primary key,
  workflow_name text,
  project_id text,
  state text,
  outcome text check (outcome in ('succeeded', 'failed', 'cancelled')),
  started_at timestamptz not null,
  ended_at timestamptz,
  last_event_at timestamptz not null,
  events bigint not null,
  steps bigint not null,
  failed_steps bigint not null,
  input_tokens numeric not null,
  cached_input_tokens numeric not null,
  output_tokens numeric not null,
  cost_usd numeric not null,
  duration_ms_sum numeric not null
) with (fillfactor = 80);
create index run_rollups_started on telemetry.run_rollups (started_at);
comment on table telemetry.run_rollups is 'One row a run, kept for ever';
comment on column telemetry.run_rollups.run_id is 'The run';
comment on column telemetry.run_rollups.workflow_name is 'Its workflow; the least where its events name several';
comment on column telemetry.run_rollups.project_id is 'Its project; the least where its events name several';
comment on column telemetry.run_rollups.state is 'State after its last change by time; null when none was reported';
comment on column telemetry.run_rollups.outcome is 'What that state means by telemetry.state_outcome; null while it is open';
comment on column telemetry.run_rollups.started_at is 'Time of its first event';
comment on column telemetry.run_rollups.ended_at is 'When it came into its state, if that is an outcome';
comment on column telemetry.run_rollups.last_event_at is 'Time of its last event';
comment on column telemetry.run_rollups.events is 'Number of its events';
comment on column telemetry.run_rollups.steps is 'Steps completed, failed and skipped ones included';
comment on column telemetry.run_rollups.failed_steps is 'Steps that failed';
comment on column telemetry.run_rollups.input_tokens is 'Sum over its steps, the cached ones included';
comment on column telemetry.run_rollups.cached_input_tokens is 'Sum over its steps';
comment on column telemetry.run_rollups.output_tokens is 'Sum over its steps';
comment on column telemetry.run_rollups.cost_usd is 'Sum of the estimated cost of its steps, USD';
comment on column telemetry.run_rollups.duration_ms_sum is 'Sum over its steps, milliseconds; steps may overlap';

create table telemetry.item_rollups (
  item_id text not null,
  item_type text not null,
  project_id text,
  state text,
  outcome text check (outcome in ('succeeded', 'failed', 'cancelled')),
  started_at timestamptz,
  ended_at timestamptz,
  state_since timestamptz,
  state_seconds jsonb not null default '{}',
  transitions bigint not null default 0,
  bounces bigint not null default 0,
  state_bounces jsonb not null default '{}',
  events bigint not null default 0,
  steps bigint not null default 0,
  failed_steps bigint not null default 0,
  input_tokens numeric not null default 0,
  cached_input_tokens numeric not null default 0,
  output_tokens numeric not null default 0,
  cost_usd numeric not null default 0,
  primary key (item_id, item_type)
) with (fillfactor = 80);
create index item_rollups_ended on telemetry.item_rollups (ended_at) where ended_at is not null;
comment on table telemetry.item_rollups is
'One row an item, kept for ever. Events tell their item, not its type: what they used stands in the row of the type that changed state first';
comment on column telemetry.item_rollups.item_id is 'The item; for item_type workflow_run its run_id';
comment on column telemetry.item_rollups.item_type is 'As its changes of state tell it; empty while there is none';
comment on column telemetry.item_rollups.project_id is 'Its project; the least where its events name several';
comment on column telemetry.item_rollups.state is 'State after its last change by time';
comment on column telemetry.item_rollups.outcome is 'What that state means by telemetry.state_outcome; null while it is open';
comment on column telemetry.item_rollups.started_at is 'When its first change of state was';
comment on column telemetry.item_rollups.ended_at is 'When it came into its state, if that is an outcome';
comment on column telemetry.item_rollups.state_since is 'When it came into its state';
comment on column telemetry.item_rollups.state_seconds is 'Seconds spent in each state that it has left';
comment on column telemetry.item_rollups.transitions is 'Number of changes of state';
comment on column telemetry.item_rollups.bounces is 'How often it came into a state in which it had been before';
comment on column telemetry.item_rollups.state_bounces is 'The same by state, those with none left out';
comment on column telemetry.item_rollups.events is 'Number of events with its item_id';
comment on column telemetry.item_rollups.steps is 'Steps completed, failed and skipped ones included';
comment on column telemetry.item_rollups.failed_steps is 'Steps that failed';
comment on column telemetry.item_rollups.input_tokens is 'Sum over its steps, the cached ones included';
comment on column telemetry.item_rollups.cached_input_tokens is 'Sum over its steps';
comment on column telemetry.item_rollups.output_tokens is 'Sum over its steps';
comment on column telemetry.item_rollups.cost_usd is 'Sum of the estimated cost of its steps, USD';

-- Guards ------------------------------------------------------------------------------------------------------

create trigger state_changes_append_only before update or delete on telemetry.state_changes
for each row execute function core.forbid_mutation();
create trigger state_changes_keep_all before truncate on telemetry.state_changes
for each statement execute function core.forbid_mutation();
alter table telemetry.state_changes enable always trigger state_changes_append_only;
alter table telemetry.state_changes enable always trigger state_changes_keep_all;

-- Owners and rights -------------------------------------------------------------------------------------------

alter table telemetry.rollup_progress owner to pylayer_owner;
alter table telemetry.event_rollups owner to pylayer_owner;
alter table telemetry.month_rollups owner to pylayer_owner;
alter table telemetry.state_changes owner to pylayer_owner;
alter table telemetry.run_rollups owner to pylayer_owner;
alter table telemetry.item_rollups owner to pylayer_owner;
alter type telemetry.counted_event owner to pylayer_owner;
alter function telemetry.duration_bounds_ms() owner to pylayer_owner;
alter function telemetry.duration_bucket(numeric) owner to pylayer_owner;
revoke all on function telemetry.duration_bounds_ms(), telemetry.duration_bucket(numeric) from public;
grant execute on function telemetry.duration_bounds_ms(), telemetry.duration_bucket(numeric)
to pylayer_api, pylayer_admin, pylayer_analyst, pylayer_auditor;

grant select on telemetry.rollup_progress, telemetry.event_rollups, telemetry.month_rollups, telemetry.state_changes,
telemetry.run_rollups, telemetry.item_rollups
to pylayer_api, pylayer_admin, pylayer_analyst, pylayer_auditor;
grant update on telemetry.rollup_progress to pylayer_api;
grant insert, update on telemetry.event_rollups, telemetry.month_rollups, telemetry.run_rollups to pylayer_api;
grant insert on telemetry.state_changes to pylayer_api;
grant insert, update, delete on telemetry.item_rollups to pylayer_api;
