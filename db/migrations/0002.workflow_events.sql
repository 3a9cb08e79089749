-- Workflow events: append-only, one row an id for ever, partitioned by the month that the id itself names.

-- Says what is wrong with a payload contract, or null. The CHECK of telemetry.event_types stands on it.
create function telemetry.contract_problem(p_contract jsonb) returns text
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select case
    when jsonb_typeof(p_contract) is distinct from 'object' then 'contract is not an object'
    when p_contract - array['type', 'required', 'properties', 'description'] <> '{}'
      or p_contract ->> 'type' <> 'object' then 'only required and properties of an object are supported'
    when p_contract ? 'required' and not p_contract @@ '$.required.type() == "array"' then 'required is not an array'
    when p_contract @? '$.required[*] ? (@.type() != "string")' then 'required names a key that is not a string'
    when p_contract ? 'properties' and jsonb_typeof(p_contract -> 'properties') <> 'object'
      then 'properties is not an object'
    else (
      select format('%s: %s', p.key, x.problem)
      from jsonb_each(coalesce(p_contract -> 'properties', '{}')) as p
      cross join lateral (
        select case
          when p.key !~ '^[A-Za-z_][A-Za-z0-9_.-]{0,99}$' then 'is not a usable name of a key'
          when jsonb_typeof(p.value) <> 'object' then 'is not an object'
          when p.value - array['type', 'enum', 'minimum', 'maximum', 'maxLength', 'description'] <> '{}'
            then 'has a keyword that is not supported'
          when p.value ? 'type'
            and not p.value -> 'type' <@ '["string", "integer", "number", "boolean", "object", "array", "null"]'
            then 'type is not known'
          when p.value -> 'type' = '[]' then 'type is empty'
          when p.value ? 'enum' and (jsonb_typeof(p.value -> 'enum') <> 'array' or p.value -> 'enum' = '[]')
            then 'enum is not an array of values'
          when p.value @? 'strict $.enum[*] ? (@.type() == "object" || @.type() == "array")'
            then 'enum holds more than plain values'
          when (p.value ? 'minimum' and jsonb_typeof(p.value -> 'minimum') <> 'number')
            or (p.value ? 'maximum' and jsonb_typeof(p.value -> 'maximum') <> 'number')
            then 'minimum and maximum are numbers'
          when p.value ? 'maxLength' and (p.value @@ '$.maxLength.type() == "number" && $.maxLength.floor() == $.maxLength
            && $.maxLength >= 0 && $.maxLength <= 2147483647') is not true then 'maxLength is not a length'
        end as problem
      ) as x
      where x.problem is not null
      order by p.key
      limit 1
    )
  end
$$;
comment on function telemetry.contract_problem(jsonb) is 'What is wrong with a payload contract, in words, or null';

-- Compiles a payload contract to one jsonpath predicate, true for a payload that fulfils it: one evaluation a payload
-- is several times cheaper than a look at each key in SQL. Lax paths make every comparison with a missing key false, so
-- that what is wrong with a key is asked for, and a key that may be missing needs no test of its own. A type is asked
-- for before anything that would look into an array. jsonpath has no string length, so maxLength is left out.
create function telemetry.contract_validator(p_contract jsonb) returns jsonpath
language sql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    string_agg(
      concat_ws(' && ', case when k.required then format('exists(%s)', k.path) end, '!(' || nullif(k.wrong, '') || ')'),
      ' && ' order by k.required desc, k.name
    ) filter (where k.required or k.wrong <> ''),
    '1 == 1'
  )::jsonpath
  from (
    select
      p.key as name,
      v.path,
      (p_contract -> 'required') ? p.key is true as required,
      concat_ws(
        ' || ',
        (
          select format('(%s)', string_agg(format('%s.type() != "%s"', v.path, t.name), ' && '))
          from (select distinct case n when 'integer' then 'number' else n end from unnest(v.types) as n) as t (name)
          having count(*) > 0
        ),
        case when p.value ? 'enum' and (v.types = '{}' or 'array' = any (v.types))
          then format('%s.type() == "array"', v.path) end,
        (
          select format('(%s)', string_agg(format('%s != %s', v.path, e.value), ' && '))
          from jsonb_array_elements(p.value -> 'enum') as e (value)
          having count(*) > 0
        ),
        (
          select format(
            case when v.types <@ array['number', 'integer'] and v.types <> '{}' then 'exists(%1$s ? (%2$s))'
              else '(%1$s.type() == "number" && exists(%1$s ? (%2$s)))' end,
            v.path, string_agg(b.test, ' || ')
          )
          from (
            values
            ('@ < ' || (p.value ->> 'minimum')),
            ('@ > ' || (p.value ->> 'maximum')),
            (case when 'integer' = any (v.types) and 'number' <> all (v.types) then '@.floor() != @' end)
          ) as b (test)
          where b.test is not null
          having count(*) > 0
        )
      ) as wrong
    from (
      select r.key, coalesce(p_contract -> 'properties' -> r.key, '{}') as value
      from (
        select jsonb_object_keys(coalesce(p_contract -> 'properties', '{}'))
        union
        select jsonb_array_elements_text(coalesce(p_contract -> 'required', '[]'))
      ) as r (key)
    ) as p
    cross join lateral (
      select
        '$.' || to_json(p.key) as path,
        array(
          select jsonb_array_elements_text(
            case when jsonb_typeof(p.value -> 'type') = 'array' then p.value -> 'type'
              else jsonb_build_array(p.value -> 'type') end
          )
          where p.value ? 'type'
        ) as types
    ) as v
  ) as k
$$;
comment on function telemetry.contract_validator(jsonb) is
'Compiles a payload contract to a jsonpath predicate (all but maxLength)';

create table telemetry.event_types (
  event_name text not null check (length(event_name) <= 100 and event_name ~ '^[a-z][a-z0-9_]*([.][a-z][a-z0-9_]*)+$'),
  event_version integer not null check (event_version > 0),
  description text not null,
  contract jsonb not null constraint usable_contract check (telemetry.contract_problem(contract) is null),
  validator jsonpath not null generated always as (telemetry.contract_validator(contract)) stored,
  has_max_length boolean not null generated always as (contract @? '$.properties.*.maxLength') stored,
  created_at timestamptz not null default now(),
  primary key (event_name, event_version)
);
-- The validator is read for every event: kept uncompressed. The few rows are counted, so that plans hash this table.
alter table telemetry.event_types set (
  toast_tuple_target = 8160, autovacuum_analyze_threshold = 1, autovacuum_analyze_scale_factor = 0
);
comment on table telemetry.event_types is 'Payload contracts: what an event of a name and version must carry';
comment on column telemetry.event_types.event_name is 'Dotted lower-case name, such as workflow.step_completed';
comment on column telemetry.event_types.event_version is 'Version of the contract, from 1';
comment on column telemetry.event_types.description is 'What the event says, in a sentence';
comment on column telemetry.event_types.contract is
'JSON Schema subset: required, properties with type, enum, minimum, maximum, maxLength, description';
comment on column telemetry.event_types.validator is 'The contract compiled to a jsonpath predicate over the payload';
comment on column telemetry.event_types.has_max_length is 'The contract has a maxLength, which jsonpath cannot check';
comment on column telemetry.event_types.created_at is 'When it was registered';

create table telemetry.workflow_events (
  event_id text collate "C" not null constraint event_id_is_ulid
  check (octet_length(event_id) = 26 and event_id < '8' and event_id !~ '[^0-9A-HJKMNP-TV-Z]'),
  event_version integer not null,
  event_name text not null,
  ts timestamptz not null,
  run_id text,
  item_id text,
  workflow_name text,
  agent_role text,
  payload jsonb not null,
  project_id text,
  metadata jsonb,
  recorded_at timestamptz not null default clock_timestamp(),
  recorded_epoch integer not null,
  recorded_xid bigint not null,
  primary key (event_id)
) partition by range (event_id);
comment on table telemetry.workflow_events is
'Workflow events as they were reported. Append-only; monthly partitions by the time in event_id; never read past the horizon by recorded order';
comment on column telemetry.workflow_events.event_id is 'ULID of the event: identity, partition key and dedupe key';
comment on column telemetry.workflow_events.event_version is 'Version of the payload contract';
comment on column telemetry.workflow_events.event_name is 'Name of the event type';
comment on column telemetry.workflow_events.ts is 'When it happened, by the sender; near the time in event_id';
comment on column telemetry.workflow_events.run_id is 'Workflow run, free text';
comment on column telemetry.workflow_events.item_id is 'Work item, free text such as INFR-001';
comment on column telemetry.workflow_events.workflow_name is 'Workflow, free text';
comment on column telemetry.workflow_events.agent_role is 'Role of the agent that reported it, free text';
comment on column telemetry.workflow_events.payload is 'Facts of the event, checked against its contract';
comment on column telemetry.workflow_events.project_id is 'Project it belongs to, free text';
comment on column telemetry.workflow_events.metadata is 'Source ids and trace context; no rule reads it';
comment on column telemetry.workflow_events.recorded_at is 'When the database stored it';
comment on column telemetry.workflow_events.recorded_epoch is 'Epoch of the cluster that stored it';
comment on column telemetry.workflow_events.recorded_xid is 'Transaction that stored it; with the epoch and the id, a gap-free reading order';

create index workflow_events_name_ts on telemetry.workflow_events (event_name, ts);
create index workflow_events_item_ts on telemetry.workflow_events (item_id, ts);
create index workflow_events_run_ts on telemetry.workflow_events (run_id, ts);
create index workflow_events_recorded on telemetry.workflow_events (recorded_epoch, recorded_xid, event_id);

create trigger workflow_events_append_only before update or delete on telemetry.workflow_events
for each row execute function core.forbid_mutation();
create trigger workflow_events_keep_all before truncate on telemetry.workflow_events
for each statement execute function core.forbid_mutation();
alter table telemetry.workflow_events enable always trigger workflow_events_append_only;
alter table telemetry.workflow_events enable always trigger workflow_events_keep_all;

create table telemetry.ingest_counts (
  counted_at timestamptz not null default now(),
  duplicates bigint not null check (duplicates >= 0),
  conflicts bigint not null check (conflicts >= 0)
);
comment on table telemetry.ingest_counts is
'Repeated events, one row a call that met any; folded into one row by telemetry.fold_ingest_counts';
comment on column telemetry.ingest_counts.counted_at is 'When they arrived, or when they were folded';
comment on column telemetry.ingest_counts.duplicates is 'Events that were already stored with the same content';
comment on column telemetry.ingest_counts.conflicts is 'Events whose id was already stored with other content';

-- What telemetry.check_events says of one event: its columns, or the reason why it is refused.
create type telemetry.checked_event as (
  position integer,
  event_id text,
  event_version integer,
  event_name text,
  ts timestamptz,
  run_id text,
  item_id text,
  workflow_name text,
  agent_role text,
  payload jsonb,
  project_id text,
  metadata jsonb,
  reason text,
  detail text,
  id_ts timestamptz
);
comment on type telemetry.checked_event is 'One event of a batch after its checks; reason is null when it may be stored';

-- TRUNCATE triggers are not cloned to partitions: this puts one on each that has none.
create function telemetry.guard_partitions() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_partition regclass;
begin
  for v_partition in
    select i.inhrelid::regclass
    from pg_inherits as i
    where i.inhparent = to_regclass('telemetry.workflow_events')
      and not exists (
        select from pg_trigger as t
        where t.tgrelid = i.inhrelid and t.tgname = 'workflow_events_keep_all' and t.tgenabled = 'A'
      )
  loop
    execute format(
      'create or replace trigger workflow_events_keep_all before truncate on %s '
      'for each statement execute function core.forbid_mutation()', v_partition
    );
    execute format('alter table %s enable always trigger workflow_events_keep_all', v_partition);
  end loop;
end
$$;
comment on function telemetry.guard_partitions() is
'Guards every partition of the events against TRUNCATE; safe to repeat. Runs as its caller, who must own the partition';

create function telemetry.guard_new_partitions() returns event_trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  -- By the catalog alone: to_regclass would refuse whoever makes a table elsewhere without a right on this schema.
  if exists (
    select
    from pg_class as p
    inner join pg_namespace as n on n.oid = p.relnamespace
    inner join pg_event_trigger_ddl_commands() as c
      on c.classid = 'pg_class'::regclass
      and (c.objid = p.oid or c.objid in (select i.inhrelid from pg_inherits as i where i.inhparent = p.oid))
    where n.nspname = 'telemetry' and p.relname = 'workflow_events'
  ) then
    perform telemetry.guard_partitions();
  end if;
end
$$;
comment on function telemetry.guard_new_partitions() is
'Event trigger function: guards a partition against TRUNCATE as soon as it is made or attached, by whatever path';

alter table telemetry.event_types owner to pylayer_owner;
alter table telemetry.workflow_events owner to pylayer_owner;
alter table telemetry.ingest_counts owner to pylayer_owner;
alter function telemetry.contract_problem(jsonb) owner to pylayer_owner;
alter function telemetry.contract_validator(jsonb) owner to pylayer_owner;
alter type telemetry.checked_event owner to pylayer_owner;
alter function telemetry.guard_partitions() owner to pylayer_owner;
alter function telemetry.guard_new_partitions() owner to pylayer_owner;
revoke all on function telemetry.contract_problem(jsonb), telemetry.contract_validator(jsonb),
telemetry.guard_partitions(), telemetry.guard_new_partitions() from public;
grant execute on function telemetry.contract_problem(jsonb), telemetry.contract_validator(jsonb) to pylayer_api;

grant select on telemetry.event_types, telemetry.workflow_events, telemetry.ingest_counts
to pylayer_api, pylayer_admin, pylayer_analyst, pylayer_auditor;
grant insert on telemetry.event_types, telemetry.workflow_events to pylayer_api;
grant select, insert, delete on telemetry.ingest_counts to pylayer_api;

-- Only a superuser can make an event trigger; without it, both paths of ours guard what they make.
do $guard$
begin
  if (select r.rolsuper from pg_roles as r where r.rolname = current_user) then
    create event trigger pylayer_guard_partitions on ddl_command_end
    when tag in ('CREATE TABLE', 'ALTER TABLE')
    execute function telemetry.guard_new_partitions();
    alter event trigger pylayer_guard_partitions enable always;
  end if;
end
$guard$;

-- Months by pg_partman. Bounds are months in UTC, whatever the session's time zone: telemetry.make_months sees to it. A
-- run_maintenance for all tables would take its own session's, so it leaves this table alone.
grant usage, create on schema partman to pylayer_owner;
grant select, insert, update, delete on all tables in schema partman to pylayer_owner;
grant execute on all functions in schema partman to pylayer_owner;
grant execute on all procedures in schema partman to pylayer_owner;

set local time zone 'UTC';
set local role pylayer_owner;
select partman.create_parent(
  p_parent_table => 'telemetry.workflow_events',
  p_control => 'event_id',
  p_interval => '1 month',
  p_start_partition => to_char(now(), 'YYYY-MM-01'),
  p_premake => 3,
  p_default_table => false,
  p_time_encoder => 'core.ulid_floor',
  p_time_decoder => 'core.ulid_time',
  p_jobmon => false
);
update partman.part_config
set infinite_time_partitions = true, retention = null, automatic_maintenance = 'off'
where parent_table = 'telemetry.workflow_events';
select telemetry.guard_partitions();
reset role;
reset time zone;

-- The eleven event types, version 1 ----------------------------------------------------------------------------

insert into telemetry.event_types (event_name, event_version, description, contract) values
('workflow.item_state_changed', 1, 'The state of an item, a run or a task changed', '{
  "type": "object",
  "required": ["item_type", "from_state", "to_state"],
  "properties": {
    "item_type": {"type": "string"},
    "from_state": {"type": ["string", "null"]},
    "to_state": {"type": "string"},
    "reason": {"type": "string"},
    "actor": {"type": "string"},
    "time_in_state_seconds": {"type": "number", "minimum": 0}
  }
}'),
('workflow.step_completed', 1, 'A step of a run ended', '{
  "type": "object",
  "required": ["step_name", "status", "duration_ms"],
  "properties": {
    "step_name": {"type": "string"},
    "status": {"type": "string", "enum": ["succeeded", "failed", "skipped"]},
    "duration_ms": {"type": "number", "minimum": 0, "maximum": 9007199254740992},
    "model": {"type": "string"},
    "input_tokens": {"type": "integer", "minimum": 0, "maximum": 9007199254740992},
    "cached_input_tokens": {"type": "integer", "minimum": 0, "maximum": 9007199254740992},
    "output_tokens": {"type": "integer", "minimum": 0, "maximum": 9007199254740992},
    "cost_usd_est": {"type": "number", "minimum": 0, "maximum": 1000000000},
    "retry_count": {"type": "integer", "minimum": 0},
    "error": {"type": "string"}
  }
}'),
('workflow.story_changed', 1, 'A story was changed after it was ready', '{
  "type": "object",
  "required": ["change_type", "cause_stage"],
  "properties": {
    "change_type": {"type": "string"},
    "cause_stage": {"type": "string"},
    "summary": {"type": "string"},
    "post_ready": {"type": "boolean"}
  }
}'),
('workflow.gap_found', 1, 'A missed requirement or quality gap was found', '{
  "type": "object",
  "required": ["gap_type", "severity", "stage_found"],
  "properties": {
    "gap_type": {"type": "string"},
    "severity": {"type": "string", "enum": ["info", "low", "medium", "high", "critical"]},
    "stage_found": {"type": "string"},
    "stage_introduced": {"type": "string"},
    "description": {"type": "string"}
  }
}'),
('workflow.flow_issue', 1, 'Friction in the process, such as a bad handoff', '{
  "type": "object",
  "required": ["issue_type", "impact"],
  "properties": {
    "issue_type": {"type": "string"},
    "impact": {"type": "string"},
    "description": {"type": "string"},
    "tool": {"type": "string"},
    "handoff_from": {"type": "string"},
    "handoff_to": {"type": "string"}
  }
}'),
('learning.pattern_detected', 1, 'A pattern was found in past events', '{
  "type": "object",
  "required": ["pattern_key", "description", "occurrences"],
  "properties": {
    "pattern_key": {"type": "string"},
    "description": {"type": "string"},
    "occurrences": {"type": "integer", "minimum": 0},
    "event_ids": {"type": "array"},
    "confidence": {"type": "number", "minimum": 0, "maximum": 1}
  }
}'),
('learning.lesson_recorded', 1, 'A lesson was written down', '{
  "type": "object",
  "required": ["lesson_id", "lesson"],
  "properties": {
    "lesson_id": {"type": "string"},
    "lesson": {"type": "string"},
    "category": {"type": "string"},
    "source_event_ids": {"type": "array"}
  }
}'),
('learning.lesson_applied', 1, 'A lesson was used, with what came of it', '{
  "type": "object",
  "required": ["lesson_id", "outcome"],
  "properties": {
    "lesson_id": {"type": "string"},
    "outcome": {"type": "string", "enum": ["helped", "neutral", "hurt"]},
    "context": {"type": ["string", "object"]}
  }
}'),
('learning.feedback_received', 1, 'Somebody judged a result', '{
  "type": "object",
  "required": ["subject", "rating"],
  "properties": {
    "subject": {"type": "string"},
    "rating": {"type": "number"},
    "comment": {"type": "string"},
    "reviewer": {"type": "string"}
  }
}'),
('learning.experiment_completed', 1, 'An experiment ended with a verdict', '{
  "type": "object",
  "required": ["experiment", "variant", "metric", "baseline", "result", "verdict"],
  "properties": {
    "experiment": {"type": "string"},
    "variant": {"type": "string"},
    "metric": {"type": "string"},
    "baseline": {"type": "number"},
    "result": {"type": "number"},
    "verdict": {"type": "string"}
  }
}'),
('learning.model_evaluated', 1, 'A model was scored on a kind of task', '{
  "type": "object",
  "required": ["model", "task_type", "score"],
  "properties": {
    "model": {"type": "string"},
    "task_type": {"type": "string"},
    "score": {"type": "number"},
    "sample_size": {"type": "integer", "minimum": 0},
    "judge": {"type": "string"}
  }
}');

analyze telemetry.event_types;
