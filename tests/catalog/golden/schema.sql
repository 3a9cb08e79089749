CREATE SCHEMA ai;

ALTER SCHEMA ai OWNER TO pylayer_owner;

COMMENT ON SCHEMA ai IS 'Models and their prices';

CREATE SCHEMA core;

ALTER SCHEMA core OWNER TO pylayer_owner;

COMMENT ON SCHEMA core IS 'Settings, ULIDs and guards that every other schema uses';

CREATE SCHEMA iam;

ALTER SCHEMA iam OWNER TO pylayer_owner;

COMMENT ON SCHEMA iam IS 'Who may call: API keys, their roles and scopes';

CREATE SCHEMA telemetry;

ALTER SCHEMA telemetry OWNER TO pylayer_owner;

COMMENT ON SCHEMA telemetry IS 'Workflow events: append-only, deduplicated exactly, partitioned by month';

CREATE SCHEMA work;

ALTER SCHEMA work OWNER TO pylayer_owner;

COMMENT ON SCHEMA work IS 'Artifacts and operational state';

CREATE EXTENSION IF NOT EXISTS pg_partman WITH SCHEMA partman;

COMMENT ON EXTENSION pg_partman IS 'Extension to manage partitioned tables by time or ID';

CREATE TYPE ai.agent_definition_info AS (
	definition_id text,
	name text,
	version integer,
	role text,
	description text,
	provider text,
	model text,
	system_prompt text,
	capabilities jsonb,
	tools jsonb,
	config jsonb,
	budget jsonb,
	tags jsonb,
	metadata jsonb,
	created_at timestamp with time zone
);

ALTER TYPE ai.agent_definition_info OWNER TO pylayer_owner;

COMMENT ON TYPE ai.agent_definition_info IS 'A version of a definition of agents as functions return it';

CREATE TYPE ai.agent_info AS (
	agent_id text,
	definition_id text,
	name text,
	status text,
	project_id text,
	config jsonb,
	budget jsonb,
	budget_used_usd numeric,
	executions bigint,
	successes bigint,
	execution_ms_total bigint,
	tokens_total bigint,
	cost_usd_total numeric,
	last_active_at timestamp with time zone,
	tags jsonb,
	metadata jsonb,
	created_at timestamp with time zone,
	updated_at timestamp with time zone
);

ALTER TYPE ai.agent_info OWNER TO pylayer_owner;

COMMENT ON TYPE ai.agent_info IS 'An agent as functions return it, with what it used';

CREATE TYPE ai.conversation_info AS (
	instance_id text,
	title text,
	agent_id text,
	run_id text,
	project_id text,
	tags jsonb,
	metadata jsonb,
	message_count bigint,
	created_at timestamp with time zone,
	updated_at timestamp with time zone
);

ALTER TYPE ai.conversation_info OWNER TO pylayer_owner;

COMMENT ON TYPE ai.conversation_info IS 'A conversation as functions return it';

CREATE TYPE ai.message_info AS (
	instance_id text,
	"position" bigint,
	message_id text,
	agent_id text,
	role text,
	content text,
	tool_calls jsonb,
	tool_call_id text,
	is_error boolean,
	metadata jsonb,
	token_count integer,
	is_token_estimate boolean,
	created_at timestamp with time zone
);

ALTER TYPE ai.message_info OWNER TO pylayer_owner;

COMMENT ON TYPE ai.message_info IS 'A message as functions return it';

CREATE TYPE ai.model_price AS (
	model text,
	provider text,
	valid_from timestamp with time zone,
	input_usd_per_mtok numeric,
	cached_input_usd_per_mtok numeric,
	output_usd_per_mtok numeric
);

ALTER TYPE ai.model_price OWNER TO pylayer_owner;

COMMENT ON TYPE ai.model_price IS 'The price of a model at a time, USD per million tokens';

CREATE DOMAIN core.ulid AS text COLLATE pg_catalog."C"
	CONSTRAINT ulid_format CHECK ((VALUE ~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$'::text));

ALTER DOMAIN core.ulid OWNER TO pylayer_owner;

COMMENT ON DOMAIN core.ulid IS 'ULID: 26 characters of upper-case Crockford base32; 48 bits of milliseconds since 1970, 80 random bits';

CREATE TYPE iam.api_key_info AS (
	key_id text,
	name text,
	prefix text,
	role text,
	scopes text[],
	created_at timestamp with time zone,
	expires_at timestamp with time zone,
	revoked_at timestamp with time zone,
	last_used_at timestamp with time zone
);

ALTER TYPE iam.api_key_info OWNER TO pylayer_owner;

COMMENT ON TYPE iam.api_key_info IS 'An API key as functions return it, without its hash';

CREATE TYPE iam.user_info AS (
	user_id text,
	username text,
	display_name text,
	email text,
	is_service_account boolean,
	github_login text,
	github_node_id text,
	preferences jsonb,
	metadata jsonb,
	created_at timestamp with time zone,
	updated_at timestamp with time zone
);

ALTER TYPE iam.user_info OWNER TO pylayer_owner;

COMMENT ON TYPE iam.user_info IS 'A user as functions return it';

CREATE TYPE telemetry.checked_event AS (
	"position" integer,
	event_id text,
	event_version integer,
	event_name text,
	ts timestamp with time zone,
	run_id text,
	item_id text,
	workflow_name text,
	agent_role text,
	payload jsonb,
	project_id text,
	metadata jsonb,
	reason text,
	detail text,
	id_ts timestamp with time zone
);

ALTER TYPE telemetry.checked_event OWNER TO pylayer_owner;

COMMENT ON TYPE telemetry.checked_event IS 'One event of a batch after its checks; reason is null when it may be stored';

CREATE TYPE telemetry.counted_event AS (
	recorded_xid bigint,
	event_id text COLLATE pg_catalog."C",
	partition oid,
	event_name text,
	ts timestamp with time zone,
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

ALTER TYPE telemetry.counted_event OWNER TO pylayer_owner;

COMMENT ON TYPE telemetry.counted_event IS 'What a refresh takes of one event; labels and numbers only where its payload fulfils version 1 of its contract';

CREATE TYPE work.storage_backend AS ENUM (
    'inline',
    's3'
);

ALTER TYPE work.storage_backend OWNER TO pylayer_owner;

COMMENT ON TYPE work.storage_backend IS 'Where the content of a version stands: in the row, or in object storage';

CREATE TYPE work.artifact_info AS (
	artifact_id text,
	version integer,
	type text,
	mime_type text,
	size_bytes bigint,
	content_hash text,
	storage_backend work.storage_backend,
	storage_key text,
	preview_text text,
	extracted_fields jsonb,
	is_kb_ingested boolean,
	created_at timestamp with time zone,
	latest_version integer,
	tags jsonb,
	owner_item_id text,
	owner_run_id text,
	project_id text,
	deleted boolean
);

ALTER TYPE work.artifact_info OWNER TO pylayer_owner;

COMMENT ON TYPE work.artifact_info IS 'A version with what its artifact says, without content; deleted: its content is gone';

CREATE TYPE work.attachment_info AS (
	item_id text,
	artifact_id text,
	version integer,
	label text,
	attached_by text,
	created_at timestamp with time zone
);

ALTER TYPE work.attachment_info OWNER TO pylayer_owner;

COMMENT ON TYPE work.attachment_info IS 'An attachment as functions return it';

CREATE TYPE work.claimed_task AS (
	execution_id text,
	lease uuid,
	lease_expires_at timestamp with time zone,
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
	scheduled_at timestamp with time zone,
	started_at timestamp with time zone
);

ALTER TYPE work.claimed_task OWNER TO pylayer_owner;

COMMENT ON TYPE work.claimed_task IS 'A task as a worker gets it: with the token and the end of its lease';

CREATE TYPE work.comment_info AS (
	comment_id text,
	item_id text,
	body text,
	author text,
	is_ai boolean,
	author_user_id text,
	author_agent_id text,
	github_node_id text,
	metadata jsonb,
	created_at timestamp with time zone,
	edited_at timestamp with time zone,
	edited_by text
);

ALTER TYPE work.comment_info OWNER TO pylayer_owner;

COMMENT ON TYPE work.comment_info IS 'A comment as functions return it';

CREATE TYPE work.decision_info AS (
	decision_id text,
	project_id text,
	item_id text,
	title text,
	decision text,
	rationale text,
	alternatives jsonb,
	supersedes_id text,
	superseded_by_id text,
	decided_by text,
	run_id text,
	decided_at timestamp with time zone
);

ALTER TYPE work.decision_info OWNER TO pylayer_owner;

COMMENT ON TYPE work.decision_info IS 'A decision as functions return it; superseded_by_id: the one that holds instead, null when it holds';

CREATE TYPE work.execution_info AS (
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
	due_at timestamp with time zone,
	deadline timestamp with time zone,
	assigned_agents text[],
	project_id text,
	metadata jsonb,
	tags jsonb,
	created_at timestamp with time zone,
	updated_at timestamp with time zone,
	started_at timestamp with time zone,
	completed_at timestamp with time zone,
	created boolean
);

ALTER TYPE work.execution_info OWNER TO pylayer_owner;

COMMENT ON TYPE work.execution_info IS 'A run; created is true only when this call started it';

CREATE TYPE work.item_info AS (
	item_id text,
	project_id text,
	item_type text,
	title text,
	description text,
	priority integer,
	state text,
	state_seq integer,
	state_since timestamp with time zone,
	closed_at timestamp with time zone,
	version integer,
	assigned_user_id text,
	assigned_agent_id text,
	depends_on text[],
	github_repository text,
	github_number integer,
	github_node_id text,
	github_url text,
	ai_analysis jsonb,
	ai_suggestions jsonb,
	tags jsonb,
	metadata jsonb,
	created_by text,
	run_id text,
	created_at timestamp with time zone,
	updated_at timestamp with time zone
);

ALTER TYPE work.item_info OWNER TO pylayer_owner;

COMMENT ON TYPE work.item_info IS 'An item as functions return it, with the ids of what it waits for';

CREATE TYPE work.project_info AS (
	project_id text,
	name text,
	description text,
	repository text,
	default_branch text,
	tech_stack jsonb,
	pr_merge_rate numeric,
	test_coverage numeric,
	tags jsonb,
	metadata jsonb,
	created_at timestamp with time zone,
	updated_at timestamp with time zone
);

ALTER TYPE work.project_info OWNER TO pylayer_owner;

COMMENT ON TYPE work.project_info IS 'A project as functions return it';

CREATE TYPE work.step_info AS (
	run_id text,
	step_name text,
	status text,
	attempt integer,
	tries integer,
	output jsonb,
	error text,
	duration_ms bigint,
	wakes_at timestamp with time zone,
	started_at timestamp with time zone,
	completed_at timestamp with time zone
);

ALTER TYPE work.step_info OWNER TO pylayer_owner;

COMMENT ON TYPE work.step_info IS 'A step of a run';

CREATE TYPE work.task_change AS (
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
	since timestamp with time zone
);

ALTER TYPE work.task_change OWNER TO pylayer_owner;

COMMENT ON TYPE work.task_change IS 'A change of a task''s state: from one, null at creation, in which it was since a time, to another';

CREATE TYPE work.task_events AS ENUM (
    'terminal',
    'all',
    'none'
);

ALTER TYPE work.task_events OWNER TO pylayer_owner;

COMMENT ON TYPE work.task_events IS 'Which changes of a task''s state become events: completed and failed, every one, or none';

CREATE TYPE work.task_status AS ENUM (
    'scheduled',
    'blocked',
    'ready',
    'running',
    'completed',
    'failed'
);

ALTER TYPE work.task_status OWNER TO pylayer_owner;

COMMENT ON TYPE work.task_status IS 'scheduled: waits for its time; blocked: waits for a task with its concurrency key; ready; running; completed; failed: a dead letter';

CREATE TYPE work.task_info AS (
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
	created_at timestamp with time zone,
	scheduled_at timestamp with time zone,
	started_at timestamp with time zone,
	lease_expires_at timestamp with time zone,
	finished_at timestamp with time zone,
	execution_time_ms bigint
);

ALTER TYPE work.task_info OWNER TO pylayer_owner;

COMMENT ON TYPE work.task_info IS 'A task as functions return it, without the token of its lease';

CREATE DOMAIN work.task_name AS text
	CONSTRAINT task_name_length CHECK (((length(VALUE) >= 1) AND (length(VALUE) <= 200)));

ALTER DOMAIN work.task_name OWNER TO pylayer_owner;

COMMENT ON DOMAIN work.task_name IS 'The name of a handler, 1 to 200 characters';

CREATE DOMAIN work.task_priority AS integer
	CONSTRAINT task_priority_range CHECK (((VALUE >= 0) AND (VALUE <= 9)));

ALTER DOMAIN work.task_priority OWNER TO pylayer_owner;

COMMENT ON DOMAIN work.task_priority IS '0 is first, 9 last';

CREATE DOMAIN work.task_retries AS integer
	CONSTRAINT task_retries_range CHECK (((VALUE >= 0) AND (VALUE <= 1000)));

ALTER DOMAIN work.task_retries OWNER TO pylayer_owner;

COMMENT ON DOMAIN work.task_retries IS 'How often a task is tried again, 0 to 1000';

CREATE DOMAIN work.task_timeout AS integer
	CONSTRAINT task_timeout_range CHECK (((VALUE >= 1) AND (VALUE <= 604800)));

ALTER DOMAIN work.task_timeout OWNER TO pylayer_owner;

COMMENT ON DOMAIN work.task_timeout IS 'How long one attempt of a task may take, 1 to 604800 seconds';

CREATE TYPE work.transition_info AS (
	item_id text,
	seq integer,
	from_state text,
	to_state text,
	actor text,
	reason text,
	run_id text,
	workflow_name text,
	agent_role text,
	time_in_state_seconds double precision,
	occurred_at timestamp with time zone
);

ALTER TYPE work.transition_info OWNER TO pylayer_owner;

COMMENT ON TYPE work.transition_info IS 'A change of state as functions return it';

CREATE TYPE work.upload_state AS ENUM (
    'open',
    'committed',
    'unchanged',
    'aborted',
    'expired'
);

ALTER TYPE work.upload_state OWNER TO pylayer_owner;

COMMENT ON TYPE work.upload_state IS 'open: may be committed; committed: became a version; unchanged: its bytes were the latest already; the last three leave an object to delete';

CREATE TYPE work.version_info AS (
	artifact_id text,
	version integer,
	type text,
	mime_type text,
	size_bytes bigint,
	content_hash text,
	storage_backend work.storage_backend,
	storage_key text,
	preview_text text,
	extracted_fields jsonb,
	created boolean,
	created_at timestamp with time zone
);

ALTER TYPE work.version_info OWNER TO pylayer_owner;

COMMENT ON TYPE work.version_info IS 'A version as a write returns it; created is false when the bytes were stored already';

CREATE TYPE work.workflow_info AS (
	workflow_id text,
	version text,
	name text,
	description text,
	status text,
	steps jsonb,
	project_id text,
	metadata jsonb,
	tags jsonb,
	used_at timestamp with time zone,
	created_at timestamp with time zone,
	updated_at timestamp with time zone,
	created boolean
);

ALTER TYPE work.workflow_info OWNER TO pylayer_owner;

COMMENT ON TYPE work.workflow_info IS 'A version of a workflow; created is false when it stood there already';

CREATE FUNCTION ai.agent_rows(p_agent_ids text[]) RETURNS SETOF ai.agent_info
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
    a.agent_id,
    a.definition_id::text,
    a.name,
    a.status,
    a.project_id,
    a.config,
    a.budget,
    a.budget_used_usd,
    a.executions,
    a.successes,
    a.execution_ms_total,
    a.tokens_total,
    a.cost_usd_total,
    a.last_active_at,
    a.tags,
    a.metadata,
    a.created_at,
    a.updated_at
  from ai.agents as a
  where a.agent_id = any(p_agent_ids) and a.deleted_at is null
$$;

ALTER FUNCTION ai.agent_rows(p_agent_ids text[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION ai.agent_rows(p_agent_ids text[]) IS 'Agents by id, as functions return them, without those that count as removed';

CREATE FUNCTION ai.append_message(p_instance_id text, p_role text, p_content text DEFAULT ''::text, p_message_id text DEFAULT NULL::text, p_agent_id text DEFAULT NULL::text, p_tool_calls jsonb DEFAULT NULL::jsonb, p_tool_call_id text DEFAULT NULL::text, p_is_error boolean DEFAULT false, p_metadata jsonb DEFAULT NULL::jsonb, p_token_count bigint DEFAULT NULL::bigint) RETURNS TABLE(message_id text, "position" bigint, status text, token_count integer)
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select m.message_id, m.position, m.status, m.token_count
  from ai.append_messages(
    p_instance_id => p_instance_id,
    p_messages => jsonb_build_array(jsonb_build_object(
      'role', p_role,
      'content', p_content,
      'message_id', p_message_id,
      'agent_id', p_agent_id,
      'tool_calls', p_tool_calls,
      'tool_call_id', p_tool_call_id,
      'is_error', p_is_error,
      'metadata', p_metadata,
      'token_count', p_token_count
    ))
  ) as m
$$;

ALTER FUNCTION ai.append_message(p_instance_id text, p_role text, p_content text, p_message_id text, p_agent_id text, p_tool_calls jsonb, p_tool_call_id text, p_is_error boolean, p_metadata jsonb, p_token_count bigint) OWNER TO pylayer_api;

COMMENT ON FUNCTION ai.append_message(p_instance_id text, p_role text, p_content text, p_message_id text, p_agent_id text, p_tool_calls jsonb, p_tool_call_id text, p_is_error boolean, p_metadata jsonb, p_token_count bigint) IS 'Appends a message to a conversation; safe to repeat with its id. Errors: PT400, PT404 no_conversation, PT409 message_conflict, PT413';

CREATE FUNCTION ai.append_messages(p_instance_id text, p_messages jsonb) RETURNS TABLE(message_id text, "position" bigint, status text, token_count integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  v_last bigint;
  v_new bigint;
  v_batch ai.message_info[];
  v_conflict text;
begin
  perform ai.check_messages(p_messages => p_messages);
  select c.message_count into v_last from ai.conversations as c where c.instance_id = p_instance_id for no key update;
  if not found then
    perform ai.refuse_no_conversation(p_instance_id => p_instance_id);
  end if;
  v_batch := array(
    select m from ai.given_messages(p_instance_id => p_instance_id, p_messages => p_messages) as m order by m.position
  );

  with fresh as (
    select f.*, v_last + row_number() over (order by f.position) as place
    from (
      select distinct on (b.message_id) b.* from unnest(v_batch) as b order by b.message_id, b.position
    ) as f
    where not exists (
      select from ai.messages as m where m.instance_id = p_instance_id and m.message_id = f.message_id
    )
  ),
  calls as (
    select f.place, c.call ->> 'id' as id
    from fresh as f
    cross join jsonb_array_elements(f.tool_calls) as c (call)
  )
  insert into ai.messages (
    instance_id, position, message_id, agent_id, role, content, tool_calls, tool_call_id, call_position, is_error, metadata,
    token_count, is_token_estimate, recorded_epoch, recorded_xid
  )
  select
    f.instance_id, f.place, f.message_id, f.agent_id, f.role, f.content, f.tool_calls, f.tool_call_id,
    case when f.role = 'tool' then coalesce(
      (select max(c.place) from calls as c where c.id = f.tool_call_id and c.place < f.place),
      (
        select m.position
        from ai.messages as m
        where m.instance_id = p_instance_id
          and m.tool_calls @> jsonb_build_array(jsonb_build_object('id', f.tool_call_id))
        order by m.position desc
        limit 1
      )
    ) end,
    f.is_error, f.metadata, f.token_count, f.is_token_estimate, core.current_epoch(),
    pg_current_xact_id()::text::bigint
  from fresh as f
  order by f.place;
  get diagnostics v_new = row_count;
  if v_new > 0 then
    update ai.conversations as c
    set message_count = v_last + v_new, updated_at = clock_timestamp()
    where c.instance_id = p_instance_id;
  end if;

  if v_new < cardinality(v_batch) then
    select b.message_id into v_conflict
    from unnest(v_batch) as b
    inner join ai.messages as m on m.instance_id = p_instance_id and m.message_id = b.message_id
    where (m.agent_id, m.role, m.content, m.tool_calls, m.tool_call_id, m.is_error)
      is distinct from (b.agent_id, b.role, b.content, b.tool_calls, b.tool_call_id, b.is_error)
    order by b.position
    limit 1;
    if found then
      raise exception using
        errcode = 'PT409', message = 'there is another message with this id', constraint = 'message_conflict',
        detail = format('message_id %s in conversation %s', v_conflict, p_instance_id),
        hint = 'what was said never changes: append another message, with an id of its own';
    end if;
  end if;

  return query
  select
    m.message_id, m.position,
    case when m.position > v_last and b.position = min(b.position) over (partition by b.message_id)
      then 'created' else 'duplicate' end,
    m.token_count
  from unnest(v_batch) as b
  inner join ai.messages as m on m.instance_id = p_instance_id and m.message_id = b.message_id
  order by b.position;
end
$$;

ALTER FUNCTION ai.append_messages(p_instance_id text, p_messages jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION ai.append_messages(p_instance_id text, p_messages jsonb) IS 'Appends messages to a conversation, each message_id once, all or none. Errors: PT400, PT404 no_conversation, PT409 message_conflict, PT413';

CREATE FUNCTION ai.check_messages(p_messages jsonb) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_wrong record;
begin
  if jsonb_typeof(p_messages) is distinct from 'array' then
    raise exception using
      errcode = 'PT400', message = 'messages are not a JSON array', constraint = 'not_an_array',
      detail = coalesce(jsonb_typeof(p_messages), 'null'), hint = 'append one message with ai.append_message';
  end if;
  if jsonb_array_length(p_messages) > 1000 then
    raise exception using
      errcode = 'PT413', message = 'there are too many messages', constraint = 'too_many_messages',
      detail = format('%s messages, limit 1000', jsonb_array_length(p_messages)), hint = 'append several batches';
  end if;
  select g.nth, ai.message_problem(p_message => g.message) as problem, octet_length(g.message::text) as bytes
  into v_wrong
  from jsonb_array_elements(p_messages) with ordinality as g (message, nth)
  where ai.message_problem(p_message => g.message) is not null or octet_length(g.message::text) > 1048576
  order by g.nth
  limit 1;
  if v_wrong.problem is not null then
    raise exception using
      errcode = 'PT400', message = 'a message is malformed', constraint = 'invalid_message',
      detail = format('message %s: %s', v_wrong.nth, v_wrong.problem),
      hint = 'role is system, developer, user, assistant or tool; a tool result, and nothing else, has a tool_call_id; tool_calls '
        'of an assistant are [{"id", "type": "function", "function": {"name", "arguments"}}], arguments as text';
  elsif found then
    raise exception using
      errcode = 'PT413', message = 'a message is too large', constraint = 'message_too_large',
      detail = format('message %s: %s bytes of JSON, limit 1048576', v_wrong.nth, v_wrong.bytes),
      hint = 'write large content as an artifact and refer to it';
  end if;
end
$$;

ALTER FUNCTION ai.check_messages(p_messages jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION ai.check_messages(p_messages jsonb) IS 'Refuses a batch of messages that is malformed or too large';

CREATE FUNCTION ai.conversation_window(p_instance_id text, p_max_tokens bigint DEFAULT NULL::bigint, p_max_messages integer DEFAULT NULL::integer) RETURNS SETOF ai.message_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_message record;
  v_tokens bigint := bigint '0';
  v_messages integer := 0;
  v_earliest_call bigint;
  v_start bigint;
begin
  if num_nonnulls(p_max_tokens, p_max_messages) = 0 or least(p_max_tokens, p_max_messages) < 0 then
    raise exception using
      errcode = 'PT400', message = 'the window has no size', constraint = 'invalid_window',
      detail = format('max_tokens %s, max_messages %s', p_max_tokens, p_max_messages),
      hint = 'give p_max_tokens, p_max_messages or both, from 0';
  end if;
  perform ai.get_conversation(p_instance_id => p_instance_id);
  -- Backwards, and no further than the window: what a long conversation began with costs nothing.
  for v_message in
    select m.position, m.token_count, m.call_position
    from ai.messages as m
    where m.instance_id = p_instance_id
    order by m.position desc
  loop
    v_tokens := v_tokens + v_message.token_count;
    v_messages := v_messages + 1;
    exit when v_tokens > p_max_tokens or v_messages > p_max_messages;
    v_earliest_call := least(v_earliest_call, v_message.call_position);
    if v_earliest_call is null or v_message.position <= v_earliest_call then
      v_start := v_message.position;
    end if;
  end loop;
  return query
  select
    m.instance_id, m.position, m.message_id, m.agent_id, m.role, m.content, m.tool_calls, m.tool_call_id, m.is_error,
    m.metadata, m.token_count, m.is_token_estimate, m.created_at
  from ai.messages as m
  where m.instance_id = p_instance_id and m.position >= v_start
  order by m.position;
end
$$;

ALTER FUNCTION ai.conversation_window(p_instance_id text, p_max_tokens bigint, p_max_messages integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION ai.conversation_window(p_instance_id text, p_max_tokens bigint, p_max_messages integer) IS 'Newest messages that fit, oldest first, no tool result without its call. Errors: PT400 invalid_window, PT404 no_conversation';

CREATE FUNCTION ai.cost_usd_est(p_model text, p_input_tokens bigint, p_cached_input_tokens bigint, p_output_tokens bigint, p_at timestamp with time zone DEFAULT now()) RETURNS numeric
    LANGUAGE sql STABLE STRICT SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select round(
    (
      (p_input_tokens - p_cached_input_tokens) * m.input_usd_per_mtok
      + p_cached_input_tokens * m.cached_input_usd_per_mtok
      + p_output_tokens * m.output_usd_per_mtok
    ) * 0.000001,  -- exact, as a division need not be
    9
  )
  from ai.models as m
  where p_cached_input_tokens between 0 and p_input_tokens
    and p_output_tokens >= 0
    and m.valid_from <= p_at
    and (
      m.model = p_model
      or (starts_with(p_model, m.model) and substr(p_model, length(m.model) + 1, 1) in ('-', '@', ':'))
    )
  order by length(m.model) desc, m.valid_from desc
  limit 1
$$;

ALTER FUNCTION ai.cost_usd_est(p_model text, p_input_tokens bigint, p_cached_input_tokens bigint, p_output_tokens bigint, p_at timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION ai.cost_usd_est(p_model text, p_input_tokens bigint, p_cached_input_tokens bigint, p_output_tokens bigint, p_at timestamp with time zone) IS 'What a call of a model costs by its list price at a time, USD; null when that is not known';

CREATE FUNCTION ai.definition_rows(p_definition_ids text[]) RETURNS SETOF ai.agent_definition_info
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
    d.definition_id::text,
    d.name,
    d.version,
    d.role,
    d.description,
    d.provider,
    d.model,
    d.system_prompt,
    d.capabilities,
    d.tools,
    d.config,
    d.budget,
    d.tags,
    d.metadata,
    d.created_at
  from ai.agent_definitions as d
  where d.definition_id = any(p_definition_ids)
$$;

ALTER FUNCTION ai.definition_rows(p_definition_ids text[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION ai.definition_rows(p_definition_ids text[]) IS 'Versions of definitions of agents by id, as functions return them';

CREATE FUNCTION ai.get_agent(p_agent_id text) RETURNS ai.agent_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_agent ai.agent_info;
begin
  select r.* into v_agent from ai.agent_rows(p_agent_ids => array[p_agent_id]) as r;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'there is no such agent', constraint = 'no_agent',
      detail = coalesce(left(p_agent_id, 100), 'null'), hint = 'ai.list_agents shows those that exist';
  end if;
  return v_agent;
end
$$;

ALTER FUNCTION ai.get_agent(p_agent_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION ai.get_agent(p_agent_id text) IS 'An agent, with what it used. Errors: PT404 no_agent';

CREATE FUNCTION ai.get_agent_definition(p_name text, p_version integer DEFAULT NULL::integer) RETURNS ai.agent_definition_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_definition ai.agent_definition_info;
begin
  select r.* into v_definition
  from ai.definition_rows(p_definition_ids => array(
    select d.definition_id::text from ai.agent_definitions as d
    where d.name = p_name and (p_version is null or d.version = p_version)
    order by d.version desc
    limit 1
  )) as r;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'there is no such definition of agents', constraint = 'no_definition',
      detail = format('name %s, version %s', coalesce(left(p_name, 100), 'null'), coalesce(p_version::text, 'latest')),
      hint = 'ai.list_agent_definitions shows those that exist';
  end if;
  return v_definition;
end
$$;

ALTER FUNCTION ai.get_agent_definition(p_name text, p_version integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION ai.get_agent_definition(p_name text, p_version integer) IS 'A version of a definition of agents; the latest without one. Errors: PT404 no_definition';

CREATE FUNCTION ai.get_conversation(p_instance_id text) RETURNS ai.conversation_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_conversation ai.conversation_info;
begin
  select
    c.instance_id, c.title, c.agent_id, c.run_id, c.project_id, c.tags, c.metadata, c.message_count, c.created_at,
    c.updated_at
  into v_conversation
  from ai.conversations as c
  where c.instance_id = p_instance_id;
  if not found then
    perform ai.refuse_no_conversation(p_instance_id => p_instance_id);
  end if;
  return v_conversation;
end
$$;

ALTER FUNCTION ai.get_conversation(p_instance_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION ai.get_conversation(p_instance_id text) IS 'One conversation, without its messages. Errors: PT404 no_conversation';

CREATE FUNCTION ai.given_messages(p_instance_id text, p_messages jsonb) RETURNS SETOF ai.message_info
    LANGUAGE sql PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
    p_instance_id,
    g.nth,
    coalesce(g.message ->> 'message_id', core.new_ulid()),
    g.message ->> 'agent_id',
    g.message ->> 'role',
    coalesce(g.message ->> 'content', ''),
    nullif(g.message -> 'tool_calls', 'null'),
    g.message ->> 'tool_call_id',
    coalesce((g.message ->> 'is_error')::boolean, false),
    nullif(g.message -> 'metadata', 'null'),
    coalesce(
      (g.message ->> 'token_count')::numeric,
      -- A rule of thumb for English and for code with the tokenizers of today: four bytes a token.
      greatest(1, ceil(octet_length(concat(g.message ->> 'content', g.message ->> 'tool_calls')) / 4.0))
    )::integer,
    g.message ->> 'token_count' is null,
    clock_timestamp()
  from jsonb_array_elements(p_messages) with ordinality as g (message, nth)
$$;

ALTER FUNCTION ai.given_messages(p_instance_id text, p_messages jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION ai.given_messages(p_instance_id text, p_messages jsonb) IS 'A checked batch of messages as rows, with its defaults filled in';

CREATE FUNCTION ai.is_tool_calls(p_tool_calls jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  select case when jsonb_typeof(p_tool_calls) = 'array' then
    jsonb_array_length(p_tool_calls) > 0
    -- Counting those that are well-formed: a filter for the others would pass over what it cannot compare.
    and jsonb_array_length(p_tool_calls) = jsonb_array_length(jsonb_path_query_array(
      p_tool_calls,
      'strict $[*] ? (@.type() == "object" && @.id.type() == "string" && @."type" == "function"
        && @.function.type() == "object" && @.function.name.type() == "string"
        && @.function.arguments.type() == "string")'
    ))
  else false end
$_$;

ALTER FUNCTION ai.is_tool_calls(p_tool_calls jsonb) OWNER TO pylayer_owner;

COMMENT ON FUNCTION ai.is_tool_calls(p_tool_calls jsonb) IS 'Whether it is a list of tool calls in the messages format: id, type "function", function with name and arguments (text)';

CREATE FUNCTION ai.list_agent_definitions(p_limit integer DEFAULT 100, p_after text DEFAULT NULL::text) RETURNS SETOF ai.agent_definition_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  return query
  select
    r.definition_id, r.name, r.version, r.role, r.description, r.provider, r.model, r.system_prompt, r.capabilities,
    r.tools, r.config, r.budget, r.tags, r.metadata, r.created_at
  from ai.definition_rows(p_definition_ids => array(
    select distinct on (d.name) d.definition_id::text from ai.agent_definitions as d
    where d.name > coalesce(p_after, '')
    order by d.name, d.version desc
    limit p_limit
  )) as r
  order by r.name collate "C";
end
$$;

ALTER FUNCTION ai.list_agent_definitions(p_limit integer, p_after text) OWNER TO pylayer_api;

COMMENT ON FUNCTION ai.list_agent_definitions(p_limit integer, p_after text) IS 'The latest version of each definition of agents, in keyset pages. Errors: PT400 invalid_limit';

CREATE FUNCTION ai.list_agents(p_status text DEFAULT NULL::text, p_project_id text DEFAULT NULL::text, p_limit integer DEFAULT 100, p_after text DEFAULT NULL::text) RETURNS SETOF ai.agent_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  return query
  select
    r.agent_id, r.definition_id, r.name, r.status, r.project_id, r.config, r.budget, r.budget_used_usd, r.executions,
    r.successes, r.execution_ms_total, r.tokens_total, r.cost_usd_total, r.last_active_at, r.tags, r.metadata, r.created_at,
    r.updated_at
  from ai.agent_rows(p_agent_ids => array(
    select a.agent_id from ai.agents as a
    where a.deleted_at is null
      and a.agent_id > coalesce(p_after, '')
      and (p_status is null or a.status = p_status)
      and (p_project_id is null or a.project_id = p_project_id)
    order by a.agent_id
    limit p_limit
  )) as r
  order by r.agent_id collate "C";
end
$$;

ALTER FUNCTION ai.list_agents(p_status text, p_project_id text, p_limit integer, p_after text) OWNER TO pylayer_api;

COMMENT ON FUNCTION ai.list_agents(p_status text, p_project_id text, p_limit integer, p_after text) IS 'Agents by id, in keyset pages. Errors: PT400 invalid_limit';

CREATE FUNCTION ai.list_conversations(p_agent_id text DEFAULT NULL::text, p_run_id text DEFAULT NULL::text, p_project_id text DEFAULT NULL::text, p_tags jsonb DEFAULT NULL::jsonb, p_limit integer DEFAULT 100, p_after text DEFAULT NULL::text) RETURNS SETOF ai.conversation_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
declare
  v_after timestamptz;
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  if p_after is not null then
    v_after := (ai.get_conversation(p_instance_id => p_after)).created_at;
  end if;
  return query
  select
    c.instance_id, c.title, c.agent_id, c.run_id, c.project_id, c.tags, c.metadata, c.message_count, c.created_at,
    c.updated_at
  from ai.conversations as c
  where (p_agent_id is null or c.agent_id = p_agent_id)
    and (p_run_id is null or c.run_id = p_run_id)
    and (p_project_id is null or c.project_id = p_project_id)
    and (p_tags is null or c.tags @> p_tags)
    and (p_after is null or (c.created_at, c.instance_id) < (v_after, p_after collate "C"))
  order by c.created_at desc, c.instance_id desc
  limit p_limit;
end
$$;

ALTER FUNCTION ai.list_conversations(p_agent_id text, p_run_id text, p_project_id text, p_tags jsonb, p_limit integer, p_after text) OWNER TO pylayer_api;

COMMENT ON FUNCTION ai.list_conversations(p_agent_id text, p_run_id text, p_project_id text, p_tags jsonb, p_limit integer, p_after text) IS 'Conversations, newest first, in keyset pages. Errors: PT400 invalid_limit, PT404 no_conversation';

CREATE FUNCTION ai.list_messages(p_instance_id text, p_limit integer DEFAULT 1000, p_after bigint DEFAULT 0) RETURNS SETOF ai.message_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  perform ai.get_conversation(p_instance_id => p_instance_id);
  return query
  select
    m.instance_id, m.position, m.message_id, m.agent_id, m.role, m.content, m.tool_calls, m.tool_call_id, m.is_error,
    m.metadata, m.token_count, m.is_token_estimate, m.created_at
  from ai.messages as m
  where m.instance_id = p_instance_id and m.position > coalesce(p_after, 0)
  order by m.position
  limit p_limit;
end
$$;

ALTER FUNCTION ai.list_messages(p_instance_id text, p_limit integer, p_after bigint) OWNER TO pylayer_api;

COMMENT ON FUNCTION ai.list_messages(p_instance_id text, p_limit integer, p_after bigint) IS 'Messages of a conversation, oldest first, in keyset pages. Errors: PT400 invalid_limit, PT404 no_conversation';

CREATE FUNCTION ai.message_problem(p_message jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  select case
    when jsonb_typeof(p_message) is distinct from 'object' then 'not an object'
    when (
      p_message - array[
        'message_id', 'role', 'content', 'agent_id', 'tool_calls', 'tool_call_id', 'is_error', 'metadata', 'token_count'
      ]
    ) <> '{}' then 'unknown key'
    when exists (
      select
      from unnest(array['message_id', 'role', 'content', 'agent_id', 'tool_call_id']) as k (name)
      where jsonb_typeof(p_message -> k.name) not in ('string', 'null')
    ) then 'message_id, role, content, agent_id or tool_call_id is no text'
    when length(p_message ->> 'message_id') not between 1 and 255 then 'message_id'
    when coalesce(p_message ->> 'role', '') not in ('system', 'developer', 'user', 'assistant', 'tool') then 'role'
    when length(p_message ->> 'agent_id') > 255 then 'agent_id'
    when
      p_message ->> 'tool_calls' is not null
      and not (p_message ->> 'role' = 'assistant' and ai.is_tool_calls(p_tool_calls => p_message -> 'tool_calls'))
      then 'tool_calls'
    when
      (p_message ->> 'role' = 'tool') <> (p_message ->> 'tool_call_id' is not null)
      or length(p_message ->> 'tool_call_id') not between 1 and 255
      then 'tool_call_id'
    when jsonb_typeof(p_message -> 'is_error') not in ('boolean', 'null') then 'is_error'
    when jsonb_typeof(p_message -> 'metadata') not in ('object', 'null') then 'metadata'
    when
      p_message ->> 'token_count' is not null
      and not p_message @? 'strict $.token_count ? (@ >= 0 && @ <= 1000000000 && @ == @.floor())'
      then 'token_count'
  end
$_$;

ALTER FUNCTION ai.message_problem(p_message jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION ai.message_problem(p_message jsonb) IS 'What keeps a message from being appended; null when nothing does';

CREATE FUNCTION ai.model_prices(p_at timestamp with time zone DEFAULT now()) RETURNS SETOF ai.model_price
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select distinct on (m.model)
    m.model,
    m.provider,
    m.valid_from,
    m.input_usd_per_mtok,
    m.cached_input_usd_per_mtok,
    m.output_usd_per_mtok
  from ai.models as m
  where m.valid_from <= p_at
  order by m.model, m.valid_from desc
$$;

ALTER FUNCTION ai.model_prices(p_at timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION ai.model_prices(p_at timestamp with time zone) IS 'The price of each model at a time (default: now), USD per million tokens';

CREATE FUNCTION ai.refuse_no_conversation(p_instance_id text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  raise exception using
    errcode = 'PT404', message = 'there is no such conversation', constraint = 'no_conversation',
    detail = format('instance_id %s', coalesce(left(p_instance_id, 255), 'null')),
    hint = 'ai.save_conversation makes one; ai.list_conversations shows those that exist';
end
$$;

ALTER FUNCTION ai.refuse_no_conversation(p_instance_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION ai.refuse_no_conversation(p_instance_id text) IS 'Raises the error of a conversation that was not found';

CREATE FUNCTION ai.save_agent(p_agent_id text, p_fields jsonb DEFAULT '{}'::jsonb) RETURNS ai.agent_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_old ai.agents;
  v_new ai.agents;
  v_constraint text;
begin
  perform work.check_fields(p_fields => p_fields, p_types => '{
    "name": ["string"], "definition_id": ["string", "null"], "status": ["string"], "project_id": ["string", "null"],
    "config": ["object", "null"], "budget": ["object", "null"], "tags": ["object", "array", "null"],
    "metadata": ["object", "null"]
  }');
  insert into ai.agents (agent_id, name) values (coalesce(p_agent_id, ''), p_agent_id) on conflict do nothing;
  select a.* into v_old from ai.agents as a where a.agent_id = p_agent_id and a.deleted_at is null for no key update;
  if not found then
    perform ai.get_agent(p_agent_id => p_agent_id);
  end if;
  v_new := jsonb_populate_record(v_old, p_fields);
  if v_old.status = 'retired' and v_new.status <> 'retired' then
    raise exception using
      errcode = 'PT409', message = 'the agent is retired for good', constraint = 'agent_retired', detail = p_agent_id,
      hint = 'make another agent of the same definition';
  end if;
  update ai.agents as a
  set
    name = v_new.name,
    definition_id = v_new.definition_id,
    status = v_new.status,
    project_id = v_new.project_id,
    config = v_new.config,
    budget = v_new.budget,
    tags = v_new.tags,
    metadata = v_new.metadata,
    updated_at = clock_timestamp()
  where a.agent_id = p_agent_id and v_new is distinct from v_old;
  return ai.get_agent(p_agent_id => p_agent_id);
exception
  when check_violation or not_null_violation then
    get stacked diagnostics v_constraint = constraint_name;
    raise exception using
      errcode = 'PT400', message = 'a field has a value that it cannot have', constraint = 'invalid_field',
      detail = coalesce(nullif(v_constraint, ''), 'agent_id'),
      hint = 'an id is 1 to 100 of A-Z, a-z, 0-9, ., _, : and -; status is active, paused or retired';
  when foreign_key_violation then
    raise exception using
      errcode = 'PT404', message = 'there is no such definition of agents', constraint = 'no_definition',
      detail = left(p_fields ->> 'definition_id', 64), hint = 'ai.list_agent_definitions shows those that exist';
end
$$;

ALTER FUNCTION ai.save_agent(p_agent_id text, p_fields jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION ai.save_agent(p_agent_id text, p_fields jsonb) IS 'Makes an agent, or changes what is given of one; safe to repeat. Errors: PT400, PT404 no_agent, no_definition, PT409 agent_retired, PT413 field_limit';

CREATE FUNCTION ai.save_agent_definition(p_name text, p_fields jsonb DEFAULT '{}'::jsonb) RETURNS ai.agent_definition_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_old ai.agent_definitions;
  v_new ai.agent_definitions;
  v_constraint text;
begin
  perform work.check_fields(p_fields => p_fields, p_types => '{
    "role": ["string", "null"], "description": ["string", "null"], "provider": ["string", "null"],
    "model": ["string", "null"], "system_prompt": ["string", "null"], "capabilities": ["array", "null"],
    "tools": ["array", "null"], "config": ["object", "null"], "budget": ["object", "null"],
    "tags": ["object", "array", "null"], "metadata": ["object", "null"]
  }');
  -- Two sessions must not both make the next version: they take turns, each with a snapshot of its own turn.
  perform pg_advisory_xact_lock(hashtextextended('ai.agent_definitions ' || p_name, 0));
  select d.* into v_old from ai.agent_definitions as d where d.name = p_name order by d.version desc limit 1;
  v_new := jsonb_populate_record(v_old, p_fields);
  if v_old.version is null or v_new is distinct from v_old then
    insert into ai.agent_definitions (
      name, version, role, description, provider, model, system_prompt, capabilities, tools, config, budget, tags, metadata
    )
    values (
      coalesce(p_name, ''), coalesce(v_old.version, 0) + 1, v_new.role, v_new.description, v_new.provider, v_new.model,
      v_new.system_prompt, v_new.capabilities, v_new.tools, v_new.config, v_new.budget, v_new.tags, v_new.metadata
    );
  end if;
  return ai.get_agent_definition(p_name => p_name);
exception
  when check_violation then
    get stacked diagnostics v_constraint = constraint_name;
    raise exception using
      errcode = 'PT400', message = 'a field has a value that it cannot have', constraint = 'invalid_field',
      detail = v_constraint,
      hint = 'a name is 1 to 100 of A-Z, a-z, 0-9, ., _ and -; a role or model has at most 200 characters, a provider 100';
  when unique_violation then
    raise exception using
      errcode = 'PT409', message = 'the definition has a newer version than this transaction sees',
      constraint = 'stale_definition', detail = format('name %s, version %s', p_name, v_old.version),
      hint = 'try the transaction again';
end
$$;

ALTER FUNCTION ai.save_agent_definition(p_name text, p_fields jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION ai.save_agent_definition(p_name text, p_fields jsonb) IS 'Makes the next version of a definition of agents, unless the latest says the same; safe to repeat. Errors: PT400, PT409 stale_definition, PT413 field_limit';

CREATE FUNCTION ai.save_conversation(p_instance_id text DEFAULT NULL::text, p_fields jsonb DEFAULT '{}'::jsonb) RETURNS ai.conversation_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_instance_id text := coalesce(p_instance_id, core.new_ulid());
  v_old ai.conversations;
  v_new ai.conversations;
  v_constraint text;
begin
  perform work.check_fields(p_fields => p_fields, p_types => '{
    "title": ["string", "null"], "agent_id": ["string", "null"], "run_id": ["string", "null"],
    "project_id": ["string", "null"], "tags": ["object", "array", "null"], "metadata": ["object", "null"]
  }');
  v_new := jsonb_populate_record(null::ai.conversations, p_fields);
  insert into ai.conversations (instance_id, title, agent_id, run_id, project_id, tags, metadata)
  values (v_instance_id, v_new.title, v_new.agent_id, v_new.run_id, v_new.project_id, v_new.tags, v_new.metadata)
  on conflict do nothing;
  if not found then
    select c.* into v_old from ai.conversations as c where c.instance_id = v_instance_id for no key update;
    v_new := jsonb_populate_record(v_old, p_fields);
    update ai.conversations as c
    set
      title = v_new.title,
      agent_id = v_new.agent_id,
      run_id = v_new.run_id,
      project_id = v_new.project_id,
      tags = v_new.tags,
      metadata = v_new.metadata,
      updated_at = clock_timestamp()
    where c.instance_id = v_instance_id and v_new is distinct from v_old;
  end if;
  return ai.get_conversation(p_instance_id => v_instance_id);
exception when check_violation then
  get stacked diagnostics v_constraint = constraint_name;
  raise exception using
    errcode = 'PT400', message = 'a field has a value that it cannot have', constraint = 'invalid_field',
    detail = v_constraint, hint = 'an instance_id has 1 to 255 characters, another id at most 255, a title at most 500';
end
$$;

ALTER FUNCTION ai.save_conversation(p_instance_id text, p_fields jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION ai.save_conversation(p_instance_id text, p_fields jsonb) IS 'Makes a conversation, or changes what is given of one; safe to repeat with its id. Errors: PT400, PT413 field_limit';

CREATE FUNCTION ai.search_messages(p_query text, p_instance_id text DEFAULT NULL::text, p_agent_id text DEFAULT NULL::text, p_project_id text DEFAULT NULL::text, p_limit integer DEFAULT 100, p_after_instance_id text DEFAULT NULL::text, p_after_position bigint DEFAULT NULL::bigint) RETURNS SETOF ai.message_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
declare
  v_query tsquery := websearch_to_tsquery('pg_catalog.english', p_query);
  v_is_next boolean := num_nonnulls(p_after_instance_id, p_after_position) > 0;
  v_after timestamptz;
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  if v_query is null or querytree(v_query) in ('', 'T') then
    raise exception using
      errcode = 'PT400', message = 'the query has no word to search for', constraint = 'invalid_query',
      detail = coalesce(left(p_query, 200), 'null'), hint = 'words such as "and" or "the" are not searched, nor are only excluded ones';
  end if;
  if v_is_next then
    select m.created_at into v_after
    from ai.messages as m
    where m.instance_id = p_after_instance_id and m.position = p_after_position;
    if not found then
      raise exception using
        errcode = 'PT404', message = 'there is no such message', constraint = 'no_message',
        detail = format('position %s in conversation %s', p_after_position, left(p_after_instance_id, 255)),
        hint = 'give the instance_id and the position of the last row of the previous page';
    end if;
  end if;
  return query
  select
    m.instance_id, m.position, m.message_id, m.agent_id, m.role, m.content, m.tool_calls, m.tool_call_id, m.is_error,
    m.metadata, m.token_count, m.is_token_estimate, m.created_at
  from ai.messages as m
  inner join ai.conversations as c on c.instance_id = m.instance_id
  where to_tsvector('pg_catalog.english', left(m.content, 100000)) @@ v_query
    and (p_instance_id is null or m.instance_id = p_instance_id)
    and (p_agent_id is null or c.agent_id = p_agent_id)
    and (p_project_id is null or c.project_id = p_project_id)
    and (
      not v_is_next
      or (m.created_at, m.instance_id, m.position) < (v_after, p_after_instance_id collate "C", p_after_position)
    )
  order by m.created_at desc, m.instance_id desc, m.position desc
  limit p_limit;
end
$$;

ALTER FUNCTION ai.search_messages(p_query text, p_instance_id text, p_agent_id text, p_project_id text, p_limit integer, p_after_instance_id text, p_after_position bigint) OWNER TO pylayer_api;

COMMENT ON FUNCTION ai.search_messages(p_query text, p_instance_id text, p_agent_id text, p_project_id text, p_limit integer, p_after_instance_id text, p_after_position bigint) IS 'Messages whose text matches a query, newest first, in keyset pages. Errors: PT400 invalid_query, invalid_limit, PT404 no_message';

CREATE FUNCTION ai.set_model_price(p_model text, p_provider text, p_input_usd_per_mtok numeric, p_output_usd_per_mtok numeric, p_valid_from timestamp with time zone, p_cached_input_usd_per_mtok numeric DEFAULT NULL::numeric) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_cached numeric := coalesce(p_cached_input_usd_per_mtok, p_input_usd_per_mtok);
begin
  if (p_model ~ '^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}$' and p_provider ~ '^[a-z][a-z0-9_.-]{0,62}$') is not true then
    raise exception using
      errcode = 'PT400', message = 'the model or its provider is malformed', constraint = 'invalid_model',
      detail = format('%s of %s', left(p_model, 200), left(p_provider, 63)),
      hint = 'a model is up to 200 of A-Z, a-z, 0-9, ., _, :, /, @ and -, a provider a lower-case word';
  elsif (
    select bool_and(v.price between 0 and 1000000 and min_scale(v.price) <= 6) is not true or count(v.price) < 3
    from (values (p_input_usd_per_mtok), (v_cached), (p_output_usd_per_mtok)) as v (price)
  ) then
    raise exception using
      errcode = 'PT400', message = 'a price is missing or out of range', constraint = 'invalid_price',
      detail = left(format('input %s, cached %s, output %s', p_input_usd_per_mtok, v_cached, p_output_usd_per_mtok), 200),
      hint = 'USD per million tokens, 0 to 1000000, with at most 6 decimals';
  elsif (p_valid_from between '1970-01-01 00:00:00+00' and '9999-12-31 00:00:00+00') is not true then
    raise exception using
      errcode = 'PT400', message = 'the time is missing or out of range', constraint = 'invalid_time',
      detail = coalesce(p_valid_from::text, 'null'), hint = 'from 1970 to 9999';
  end if;
  insert into ai.models (
    model, valid_from, provider, input_usd_per_mtok, cached_input_usd_per_mtok, output_usd_per_mtok
  ) values (p_model, p_valid_from, p_provider, p_input_usd_per_mtok, v_cached, p_output_usd_per_mtok)
  on conflict do nothing;
  if found then
    return true;
  end if;
  if not exists (
    select from ai.models as m
    where m.model = p_model
      and m.valid_from = p_valid_from
      and m.provider = p_provider
      and m.input_usd_per_mtok = p_input_usd_per_mtok
      and m.cached_input_usd_per_mtok = v_cached
      and m.output_usd_per_mtok = p_output_usd_per_mtok
  ) then
    raise exception using
      errcode = 'PT409', message = 'the model has another price from then on', constraint = 'price_exists',
      detail = format('%s from %s', p_model, p_valid_from), hint = 'prices never change: write the right one from a later time on';
  end if;
  return false;
end
$_$;

ALTER FUNCTION ai.set_model_price(p_model text, p_provider text, p_input_usd_per_mtok numeric, p_output_usd_per_mtok numeric, p_valid_from timestamp with time zone, p_cached_input_usd_per_mtok numeric) OWNER TO pylayer_api;

COMMENT ON FUNCTION ai.set_model_price(p_model text, p_provider text, p_input_usd_per_mtok numeric, p_output_usd_per_mtok numeric, p_valid_from timestamp with time zone, p_cached_input_usd_per_mtok numeric) IS 'Writes the price that a model has from a time on; safe to repeat. Errors: PT400, PT409 price_exists';

CREATE FUNCTION ai.training_chat(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) RETURNS TABLE(messages jsonb)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select t.messages
  from ai.conversations as c
  cross join lateral (
    select jsonb_agg(
      jsonb_build_object('role', m.role, 'content', m.content)
      || case when m.tool_calls is null then '{}' else jsonb_build_object('tool_calls', m.tool_calls) end
      || case when m.tool_call_id is null then '{}' else jsonb_build_object('tool_call_id', m.tool_call_id) end
      order by m.position
    ) as messages
    from ai.messages as m
    where m.instance_id = c.instance_id
      and (m.recorded_epoch, m.recorded_xid) < (p_epoch, p_xid)
  ) as t
  where c.created_at >= p_from
    and c.created_at < p_to
    and t.messages is not null
  order by c.created_at, c.instance_id
$$;

ALTER FUNCTION ai.training_chat(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) OWNER TO pylayer_api;

COMMENT ON FUNCTION ai.training_chat(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) IS 'Conversations that began in a time range, their messages below a horizon, in the messages format of fine-tuning tools';

CREATE FUNCTION core.advance_epoch() RETURNS integer
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '5s'
    AS $$
  lock table core.settings in access exclusive mode;
  update core.settings as s
  set epoch = s.epoch + 1, system_identifier = c.system_identifier
  from pg_control_system() as c
  returning s.epoch
$$;

ALTER FUNCTION core.advance_epoch() OWNER TO pylayer_api;

COMMENT ON FUNCTION core.advance_epoch() IS 'Begins a new epoch, after the data came back from a backup and before anything writes. Errors: 55P03';

CREATE FUNCTION core.crockford_8(p_bits bigint) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
  select substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_bits >> 35) & 31)::int + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_bits >> 30) & 31)::int + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_bits >> 25) & 31)::int + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_bits >> 20) & 31)::int + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_bits >> 15) & 31)::int + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_bits >> 10) & 31)::int + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_bits >> 5) & 31)::int + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (p_bits & 31)::int + 1, 1)
$$;

ALTER FUNCTION core.crockford_8(p_bits bigint) OWNER TO pylayer_owner;

COMMENT ON FUNCTION core.crockford_8(p_bits bigint) IS 'The lowest 40 bits of a number as eight characters of Crockford base32';

CREATE FUNCTION core.current_epoch() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_system bigint := (select c.system_identifier from pg_control_system() as c);
  v_epoch integer;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    perform from core.settings for share;
  end if;
  select s.epoch into v_epoch from core.settings as s where s.system_identifier = v_system;
  if not found then
    update core.settings as s
    set epoch = s.epoch + 1, system_identifier = v_system
    where s.system_identifier <> v_system;
    select s.epoch into v_epoch from core.settings as s;
  end if;
  return v_epoch;
end
$$;

ALTER FUNCTION core.current_epoch() OWNER TO pylayer_api;

COMMENT ON FUNCTION core.current_epoch() IS 'Epoch of this cluster; advances once when the data has moved to another cluster';

CREATE FUNCTION core.forbid_mutation() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  raise exception using
    errcode = 'PT403', message = 'rows of this table are never changed or removed', constraint = 'append_only',
    detail = format('%s on %I.%I', tg_op, tg_table_schema, tg_table_name),
    hint = 'append a new row instead; only retention removes data, a whole month at a time';
end
$$;

ALTER FUNCTION core.forbid_mutation() OWNER TO pylayer_owner;

COMMENT ON FUNCTION core.forbid_mutation() IS 'Trigger function of append-only tables: refuses UPDATE, DELETE and TRUNCATE for every role. Errors: PT403 append_only';

CREATE FUNCTION core.ms_time(p_ms bigint) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
  select timestamptz '1970-01-01 00:00:00+00' + interval '1 second' * (p_ms / 1000) + interval '1 millisecond' * (p_ms % 1000)
$$;

ALTER FUNCTION core.ms_time(p_ms bigint) OWNER TO pylayer_owner;

COMMENT ON FUNCTION core.ms_time(p_ms bigint) IS 'The time of a number of milliseconds since 1970, exactly';

CREATE FUNCTION core.new_ulid(p_ts timestamp with time zone DEFAULT clock_timestamp()) RETURNS text
    LANGUAGE plpgsql PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_random bytea := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
begin
  return left(core.ulid_floor(p_ts), 10)  -- the first six bytes of a version 4 UUID are random bits only
    || core.crockford_8(('x' || encode(substr(v_random, 1, 5), 'hex'))::bit(40)::bigint)
    || core.crockford_8(('x' || encode(substr(v_random, 17, 5), 'hex'))::bit(40)::bigint);
end
$$;

ALTER FUNCTION core.new_ulid(p_ts timestamp with time zone) OWNER TO pylayer_owner;

COMMENT ON FUNCTION core.new_ulid(p_ts timestamp with time zone) IS 'A new ULID of a time (default: now) with 80 random bits; not monotonic within a millisecond. Errors: PT400 ulid_time_range';

CREATE FUNCTION core.referenced_blobs() RETURNS TABLE(storage_key text, size_bytes bigint, content_hash text, mime_type text, artifact_id text, version integer)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select v.storage_key, v.size_bytes, v.content_hash, v.mime_type, v.artifact_id::text, v.version
  from work.artifact_versions as v
  where v.storage_backend = 's3'
    and not exists (
      select from work.artifact_tombstones as t where t.artifact_id = v.artifact_id and t.version = v.version
    )
  union all
  select a.storage_key, a.size_bytes, a.content_hash, 'application/vnd.apache.parquet', null, null
  from telemetry.archives as a
  where a.verified_at is not null
$$;

ALTER FUNCTION core.referenced_blobs() OWNER TO pylayer_api;

COMMENT ON FUNCTION core.referenced_blobs() IS 'Objects that the rows of this snapshot refer to, for a backup';

CREATE FUNCTION core.settings_guard() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if new.retention_floor < old.retention_floor or new.epoch < old.epoch or new.max_ts_skew < old.max_ts_skew then
    raise exception using
      errcode = 'PT403', message = 'this setting only grows', constraint = 'only_grows',
      detail = format(
        'retention_floor %s -> %s, epoch %s -> %s, max_ts_skew %s -> %s',
        old.retention_floor, new.retention_floor, old.epoch, new.epoch, old.max_ts_skew, new.max_ts_skew
      ),
      hint = 'a lower floor would let duplicates of dropped events back in, a smaller skew would hide stored events from readers';
  end if;
  new.updated_at := now();
  return new;
end
$$;

ALTER FUNCTION core.settings_guard() OWNER TO pylayer_owner;

COMMENT ON FUNCTION core.settings_guard() IS 'Trigger function: the retention floor, the epoch and max_ts_skew only grow. Errors: PT403 only_grows';

CREATE FUNCTION core.ulid_floor(p_ts timestamp with time zone) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_ms numeric := floor(extract(epoch from p_ts at time zone 'UTC') * 1000);
begin
  if v_ms not between 0 and 281474976710655 then
    raise exception using
      errcode = 'PT400', message = 'time outside of what a ULID can hold', constraint = 'ulid_time_range',
      detail = v_ms::text || ' milliseconds since 1970', hint = 'a ULID holds times from 1970 to 10889';
  end if;
  return right(core.crockford_8(v_ms::bigint >> 40), 2) || core.crockford_8(v_ms::bigint) || repeat('0', 16);
end
$$;

ALTER FUNCTION core.ulid_floor(p_ts timestamp with time zone) OWNER TO pylayer_owner;

COMMENT ON FUNCTION core.ulid_floor(p_ts timestamp with time zone) IS 'The least ULID of a time''s millisecond. Errors: PT400 ulid_time_range';

CREATE FUNCTION core.ulid_ms(p_ulid text) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
  select ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 1, 1)) - 1)::bigint << 45)
    | ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 2, 1)) - 1)::bigint << 40)
    | ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 3, 1)) - 1)::bigint << 35)
    | ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 4, 1)) - 1)::bigint << 30)
    | ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 5, 1)) - 1)::bigint << 25)
    | ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 6, 1)) - 1)::bigint << 20)
    | ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 7, 1)) - 1)::bigint << 15)
    | ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 8, 1)) - 1)::bigint << 10)
    | ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 9, 1)) - 1)::bigint << 5)
    | ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 10, 1)) - 1)::bigint << 0)
$$;

ALTER FUNCTION core.ulid_ms(p_ulid text) OWNER TO pylayer_owner;

COMMENT ON FUNCTION core.ulid_ms(p_ulid text) IS 'Milliseconds since 1970 in a well-formed ULID; unchecked, for rows that a CHECK or a caller has validated';

CREATE FUNCTION core.ulid_time(p_ulid text) RETURNS timestamp with time zone
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  if p_ulid !~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$' then
    raise exception using
      errcode = 'PT400', message = 'malformed ULID', constraint = 'invalid_ulid', detail = left(p_ulid, 64),
      hint = 'a ULID is 26 characters of upper-case Crockford base32';
  end if;
  return core.ms_time(core.ulid_ms(p_ulid));
end
$_$;

ALTER FUNCTION core.ulid_time(p_ulid text) OWNER TO pylayer_owner;

COMMENT ON FUNCTION core.ulid_time(p_ulid text) IS 'Time in a ULID, to the millisecond. Errors: PT400 invalid_ulid';

CREATE FUNCTION iam.authenticate(p_key_hash text) RETURNS TABLE(key_id text, role text, scopes text[], expires_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  v_now timestamptz := clock_timestamp();
  v_last_used_at timestamptz;
begin
  select k.key_id::text, k.role, k.scopes, k.expires_at, k.last_used_at
  into authenticate.key_id, authenticate.role, authenticate.scopes, authenticate.expires_at, v_last_used_at
  from iam.api_keys as k
  where k.key_hash = p_key_hash and k.revoked_at is null and (k.expires_at is null or k.expires_at > v_now);
  if not found then
    raise exception using
      errcode = 'PT401', message = 'the API key is not valid', constraint = 'invalid_key',
      detail = 'unknown, expired or revoked', hint = 'use a key that is neither expired nor revoked';
  end if;
  if (v_last_used_at > v_now - interval '1 minute') is not true
    and not current_setting('transaction_read_only')::boolean then
    update iam.api_keys as k set last_used_at = v_now
    where k.key_id = (
      select u.key_id from iam.api_keys as u
      where u.key_id = authenticate.key_id and (u.last_used_at > v_now - interval '1 minute') is not true
      for no key update skip locked
    );
  end if;
  return next;
end
$$;

ALTER FUNCTION iam.authenticate(p_key_hash text) OWNER TO pylayer_api;

COMMENT ON FUNCTION iam.authenticate(p_key_hash text) IS 'Who holds the API key with a hash; notes its use once a minute. Errors: PT401 invalid_key, whatever is wrong with it';

CREATE FUNCTION iam.check_api_key(p_name text, p_prefix text, p_key_hash text, p_role text, p_scopes text[], p_expires_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_allowed text[] := iam.role_scopes(p_role => p_role);
begin
  if coalesce(length(btrim(p_name)), 0) not between 1 and 200 then
    raise exception using
      errcode = 'PT400', message = 'the name is missing or too long', constraint = 'invalid_name',
      detail = format('%s characters', length(p_name)), hint = 'say in 1 to 200 characters what the key is for';
  elsif (p_prefix ~ '^[A-Za-z0-9_-]{4,20}$') is not true then
    raise exception using
      errcode = 'PT400', message = 'the prefix is malformed', constraint = 'invalid_prefix',
      detail = format('%s characters', length(p_prefix)), hint = '4 to 20 of A-Z, a-z, 0-9, _ and -';
  elsif (p_key_hash ~ '^[0-9a-f]{64}$') is not true then  -- what was sent may be the secret itself: it is not repeated
    raise exception using
      errcode = 'PT400', message = 'the hash is malformed', constraint = 'invalid_key_hash',
      detail = format('%s characters', length(p_key_hash)), hint = 'sha256 of the whole secret, 64 digits of lower-case hex';
  elsif v_allowed is null then
    raise exception using
      errcode = 'PT400', message = 'no key can act as this role', constraint = 'invalid_role',
      detail = coalesce(left(p_role, 64), 'null'),
      hint = 'pylayer_agent, pylayer_analyst, pylayer_auditor or pylayer_admin';
  elsif (p_scopes <@ v_allowed) is not true then
    raise exception using
      errcode = 'PT400', message = 'the role has no such scope', constraint = 'invalid_scopes',
      detail = left(array_to_string(p_scopes, ', ', 'null'), 200),
      hint = format('%s may have %s', p_role, array_to_string(v_allowed, ', '));
  elsif p_expires_at <= clock_timestamp() or p_expires_at > '9999-12-31 00:00:00+00' then
    raise exception using
      errcode = 'PT400', message = 'the key would have expired already, or never would', constraint = 'invalid_expiry',
      detail = p_expires_at::text, hint = 'a time to come before the year 10000; null for a key that does not expire';
  end if;
end
$_$;

ALTER FUNCTION iam.check_api_key(p_name text, p_prefix text, p_key_hash text, p_role text, p_scopes text[], p_expires_at timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION iam.check_api_key(p_name text, p_prefix text, p_key_hash text, p_role text, p_scopes text[], p_expires_at timestamp with time zone) IS 'Refuses what a new API key cannot be. Errors: PT400';

CREATE FUNCTION iam.create_api_key(p_name text, p_prefix text, p_key_hash text, p_role text DEFAULT 'pylayer_agent'::text, p_scopes text[] DEFAULT NULL::text[], p_expires_at timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS iam.api_key_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_allowed text[] := iam.role_scopes(p_role => p_role);
  v_scopes text[] := array(select distinct s.scope from unnest(coalesce(p_scopes, v_allowed)) as s (scope) order by s.scope);
  v_key iam.api_key_info;
begin
  perform iam.check_api_key(
    p_name => p_name, p_prefix => p_prefix, p_key_hash => p_key_hash, p_role => p_role, p_scopes => v_scopes,
    p_expires_at => p_expires_at
  );
  insert into iam.api_keys (name, prefix, key_hash, role, scopes, expires_at)
  values (p_name, p_prefix, p_key_hash, p_role, v_scopes, p_expires_at)
  on conflict do nothing;
  -- A statement of its own sees the row that a session committed while the one above waited for it.
  select
    k.key_id::text, k.name, k.prefix, k.role, k.scopes, k.created_at, k.expires_at, k.revoked_at, k.last_used_at
  into v_key
  from iam.api_keys as k
  where k.key_hash = p_key_hash
    and k.prefix = p_prefix
    and k.name = p_name
    and k.role = p_role
    and k.scopes = v_scopes
    and k.expires_at is not distinct from p_expires_at
    and k.revoked_at is null;
  if not found then
    raise exception using
      errcode = 'PT409', message = 'there is another key with this prefix or hash', constraint = 'key_exists',
      detail = format('prefix %s', p_prefix), hint = 'make a new secret';
  end if;
  return v_key;
end
$$;

ALTER FUNCTION iam.create_api_key(p_name text, p_prefix text, p_key_hash text, p_role text, p_scopes text[], p_expires_at timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION iam.create_api_key(p_name text, p_prefix text, p_key_hash text, p_role text, p_scopes text[], p_expires_at timestamp with time zone) IS 'Registers an API key by the hash of its secret; safe to repeat. Errors: PT400, PT409 key_exists';

CREATE FUNCTION iam.get_user(p_user text) RETURNS iam.user_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_user iam.user_info;
begin
  select r.* into v_user
  from iam.user_rows(p_user_ids => array(
    select u.user_id::text from iam.users as u where u.user_id = p_user or u.username = p_user
  )) as r
  order by r.user_id = p_user desc
  limit 1;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'there is no such user', constraint = 'no_user',
      detail = coalesce(left(p_user, 64), 'null'), hint = 'iam.list_users shows those that exist';
  end if;
  return v_user;
end
$$;

ALTER FUNCTION iam.get_user(p_user text) OWNER TO pylayer_api;

COMMENT ON FUNCTION iam.get_user(p_user text) IS 'A user, by id or username. Errors: PT404 no_user';

CREATE FUNCTION iam.has_api_keys() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select exists (
    select from iam.api_keys as k
    where k.revoked_at is null and (k.expires_at is null or k.expires_at > statement_timestamp())
  )
$$;

ALTER FUNCTION iam.has_api_keys() OWNER TO pylayer_api;

COMMENT ON FUNCTION iam.has_api_keys() IS 'Whether there is an API key that is neither expired nor revoked';

CREATE FUNCTION iam.list_api_keys(p_include_revoked boolean DEFAULT false) RETURNS SETOF iam.api_key_info
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
    k.key_id,
    k.name,
    k.prefix,
    k.role,
    k.scopes,
    k.created_at,
    k.expires_at,
    k.revoked_at,
    k.last_used_at
  from iam.api_keys as k
  where k.revoked_at is null or p_include_revoked
  order by k.created_at, k.key_id
$$;

ALTER FUNCTION iam.list_api_keys(p_include_revoked boolean) OWNER TO pylayer_api;

COMMENT ON FUNCTION iam.list_api_keys(p_include_revoked boolean) IS 'API keys in the order in which they were made, without their hashes';

CREATE FUNCTION iam.list_users(p_limit integer DEFAULT 100, p_after text DEFAULT NULL::text) RETURNS SETOF iam.user_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  return query
  select
    r.user_id, r.username, r.display_name, r.email, r.is_service_account, r.github_login, r.github_node_id, r.preferences,
    r.metadata, r.created_at, r.updated_at
  from iam.user_rows(p_user_ids => array(
    select u.user_id::text from iam.users as u
    where u.deleted_at is null and u.username > coalesce(p_after, '')
    order by u.username
    limit p_limit
  )) as r
  order by r.username collate "C";
end
$$;

ALTER FUNCTION iam.list_users(p_limit integer, p_after text) OWNER TO pylayer_api;

COMMENT ON FUNCTION iam.list_users(p_limit integer, p_after text) IS 'Users by username, in keyset pages. Errors: PT400 invalid_limit';

CREATE FUNCTION iam.revoke_api_key(p_key text) RETURNS iam.api_key_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_key iam.api_key_info;
begin
  update iam.api_keys as k set revoked_at = clock_timestamp()
  where (k.key_id = p_key or k.prefix = p_key) and k.revoked_at is null;
  select
    k.key_id::text, k.name, k.prefix, k.role, k.scopes, k.created_at, k.expires_at, k.revoked_at, k.last_used_at
  into v_key
  from iam.api_keys as k
  where k.key_id = p_key or k.prefix = p_key;
  if not found then  -- what was sent may be a secret: no more of it is repeated than a prefix has
    raise exception using
      errcode = 'PT404', message = 'there is no such key', constraint = 'no_key',
      detail = coalesce(left(p_key, 12), 'null'),
      hint = 'iam.list_api_keys shows ids and prefixes';
  end if;
  return v_key;
end
$$;

ALTER FUNCTION iam.revoke_api_key(p_key text) OWNER TO pylayer_api;

COMMENT ON FUNCTION iam.revoke_api_key(p_key text) IS 'Revokes an API key, by id or prefix, for good. Errors: PT404 no_key';

CREATE FUNCTION iam.role_scopes(p_role text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select case
    when p_role in ('pylayer_agent', 'pylayer_admin')
      then array['artifacts:read', 'artifacts:write', 'events:read', 'events:write', 'models:read']
    when p_role = 'pylayer_analyst' then array['artifacts:read', 'events:read', 'models:read']
    when p_role = 'pylayer_auditor' then array['artifacts:read', 'models:read']
  end
$$;

ALTER FUNCTION iam.role_scopes(p_role text) OWNER TO pylayer_api;

COMMENT ON FUNCTION iam.role_scopes(p_role text) IS 'The scopes that a key of a role may have; null for a role that keys cannot act as';

CREATE FUNCTION iam.save_user(p_username text, p_fields jsonb DEFAULT '{}'::jsonb) RETURNS iam.user_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_old iam.users;
  v_new iam.users;
  v_constraint text;
begin
  perform work.check_fields(p_fields => p_fields, p_types => '{
    "display_name": ["string", "null"], "email": ["string", "null"], "is_service_account": ["boolean"],
    "github_login": ["string", "null"], "github_node_id": ["string", "null"], "preferences": ["object", "null"],
    "metadata": ["object", "null"]
  }');
  insert into iam.users (username) values (coalesce(p_username, '')) on conflict do nothing;
  select u.* into v_old from iam.users as u where u.username = p_username and u.deleted_at is null for no key update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'the user was removed', constraint = 'no_user', detail = p_username,
      hint = 'take another username';
  end if;
  v_new := jsonb_populate_record(v_old, p_fields);
  update iam.users as u
  set
    display_name = v_new.display_name,
    email = v_new.email,
    is_service_account = v_new.is_service_account,
    github_login = v_new.github_login,
    github_node_id = v_new.github_node_id,
    preferences = v_new.preferences,
    metadata = v_new.metadata,
    updated_at = clock_timestamp()
  where u.user_id = v_old.user_id and v_new is distinct from v_old;
  return iam.get_user(p_user => v_old.user_id);
exception
  when check_violation then
    get stacked diagnostics v_constraint = constraint_name;
    raise exception using
      errcode = 'PT400', message = 'a field has a value that it cannot have', constraint = 'invalid_field',
      detail = v_constraint,
      hint = 'a username is 1 to 63 of a-z, 0-9, ., _ and -; an email has one @; names have at most 200 characters, logins 100';
  when unique_violation then
    get stacked diagnostics v_constraint = constraint_name;
    raise exception using
      errcode = 'PT409', message = 'another user has this email or node id', constraint = 'user_taken',
      detail = format('user %s, %s', p_username, v_constraint), hint = 'change that one, or give another value';
end
$$;

ALTER FUNCTION iam.save_user(p_username text, p_fields jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION iam.save_user(p_username text, p_fields jsonb) IS 'Makes a user, or changes what is given of one; safe to repeat. Errors: PT400, PT404 no_user, PT409 user_taken, PT413 field_limit';

CREATE FUNCTION iam.user_rows(p_user_ids text[]) RETURNS SETOF iam.user_info
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
    u.user_id::text,
    u.username,
    u.display_name,
    u.email,
    u.is_service_account,
    u.github_login,
    u.github_node_id,
    u.preferences,
    u.metadata,
    u.created_at,
    u.updated_at
  from iam.users as u
  where u.user_id = any(p_user_ids) and u.deleted_at is null
$$;

ALTER FUNCTION iam.user_rows(p_user_ids text[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION iam.user_rows(p_user_ids text[]) IS 'Users by id, as functions return them, without those that count as removed';

CREATE FUNCTION telemetry.absent_months(p_from timestamp with time zone, p_to timestamp with time zone) RETURNS TABLE(month timestamp with time zone, events bigint, is_archived boolean)
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
  select
    r.month, r.events,
    exists (select from telemetry.archives as a where a.month = r.month and a.verified_at is not null)
  from telemetry.retired_months as r
  where r.month < p_to
    and r.month + interval '1 month' > p_from
    and r.events > 0
    and not exists (select from telemetry.month_tables() as t where t.month = r.month and t.state = 'attached')
  order by r.month
$$;

ALTER FUNCTION telemetry.absent_months(p_from timestamp with time zone, p_to timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.absent_months(p_from timestamp with time zone, p_to timestamp with time zone) IS 'Months of a time range that had events and are not in the table of events';

CREATE FUNCTION telemetry.archive_key(p_month timestamp with time zone) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select format('archives/workflow_events/month=%s/part-0.parquet', to_char(p_month at time zone 'UTC', 'YYYY-MM'))
$$;

ALTER FUNCTION telemetry.archive_key(p_month timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.archive_key(p_month timestamp with time zone) IS 'Key of a month''s archive: archives/workflow_events/month=YYYY-MM/part-0.parquet';

CREATE FUNCTION telemetry.attach_month(p_month timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET lock_timeout TO '2s'
    AS $$
declare
  v_month timestamptz := date_trunc('month', p_month, 'UTC');
  v_table regclass;
begin
  perform from telemetry.retired_months as r where r.month = v_month for update;
  select t.partition into v_table
  from telemetry.month_tables() as t
  inner join telemetry.retired_months as r on r.month = t.month
  where t.month = v_month and t.state = 'detached' and r.sealed_at is not null;
  if v_table is null then
    raise exception using
      errcode = 'PT409', message = 'there is no such month beside the table of events', constraint = 'not_detached',
      detail = coalesce(p_month::text, 'null'), hint = 'telemetry.retention_steps() says what comes next';
  end if;
  execute format(
    'alter table telemetry.workflow_events attach partition %s for values from (%L) to (%L)',
    v_table, core.ulid_floor(v_month), core.ulid_floor(v_month + interval '1 month')
  );
end
$$;

ALTER FUNCTION telemetry.attach_month(p_month timestamp with time zone) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.attach_month(p_month timestamp with time zone) IS 'Puts a sealed month that stands beside the table of events back into it. Errors: PT409 not_detached, 55P03';

CREATE FUNCTION telemetry.begin_restore(p_month timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET lock_timeout TO '2s'
    AS $$
declare
  v_month timestamptz := date_trunc('month', p_month, 'UTC');
  v_name text := telemetry.partition_name(v_month);
begin
  perform from telemetry.retired_months as r where r.month = v_month for update;
  if not exists (select from telemetry.archives as a where a.month = v_month) then
    raise exception using
      errcode = 'PT404', message = 'there is no archive of this month', constraint = 'no_archive',
      detail = coalesce(p_month::text, 'null'), hint = 'telemetry.list_archives() lists them';
  elsif exists (select from telemetry.month_tables() as t where t.month = v_month and t.state <> 'restoring') then
    raise exception using
      errcode = 'PT409', message = 'the month is in the database', constraint = 'month_present',
      detail = p_month::text, hint = 'only a dropped month can be restored';
  end if;
  update telemetry.retired_months as r set restoring_since = now() where r.month = v_month;
  execute format('drop table if exists %s', v_name);
  execute format('create table %s (like telemetry.workflow_events including all)', v_name);
  execute format(
    'alter table %s add constraint event_id_of_month check (event_id >= %L and event_id < %L)',
    v_name, core.ulid_floor(v_month), core.ulid_floor(v_month + interval '1 month')
  );
end
$$;

ALTER FUNCTION telemetry.begin_restore(p_month timestamp with time zone) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.begin_restore(p_month timestamp with time zone) IS 'Begins the restore of a dropped month from its archive. Errors: PT404 no_archive, PT409 month_present, 55P03';

CREATE FUNCTION telemetry.check_events(p_events jsonb, p_floor text, p_ceiling timestamp with time zone, p_max_skew interval, p_max_bytes integer) RETURNS SETOF telemetry.checked_event
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select
    v.position::integer, v.event_id, v.type_version, v.event_name, v.ts,
    v.doc ->> 'run_id', v.doc ->> 'item_id', v.doc ->> 'workflow_name', v.doc ->> 'agent_role', v.doc -> 'payload',
    v.doc ->> 'project_id', nullif(v.doc -> 'metadata', 'null'),
    case when not v.is_storable then coalesce(
      (telemetry.refusal_reason(v.doc, p_floor, p_ceiling, p_max_skew, p_max_bytes)).reason, 'contract'
    ) end,
    case when not v.is_storable
      then (telemetry.refusal_reason(v.doc, p_floor, p_ceiling, p_max_skew, p_max_bytes)).detail end,
    v.id_ts
  from (
    select
      e.*,
      t.event_version as type_version,
      telemetry.is_storable(
        p_doc => e.doc, p_event_id => e.event_id, p_id_ts => e.id_ts, p_ts => e.ts, p_validator => t.validator,
        p_long_contract => case when t.has_max_length then t.contract end,
        p_floor => p_floor, p_ceiling => p_ceiling, p_max_skew => p_max_skew, p_max_bytes => p_max_bytes
      ) is true as is_storable
    from (
      select d.*, case when d.doc ->> 'ts' is null then d.id_ts else telemetry.given_ts(d.doc) end as ts
      from (
        select
          i.*,
          case when octet_length(i.event_id) = 26
            then to_timestamp(telemetry.id_octets_ms(i.id_octets) / 1000.0::float8) end as id_ts
        from (
          select
            j.doc,
            j.position,
            j.doc ->> 'event_id' as event_id,
            convert_to(j.doc ->> 'event_id', 'UTF8') as id_octets,
            coalesce(j.doc ->> 'event_version', '1') as event_version,
            j.doc ->> 'event_name' as event_name
          from jsonb_array_elements(p_events) with ordinality as j (doc, position)
          offset 0
        ) as i
        offset 0
      ) as d
      offset 0
    ) as e
    left join telemetry.event_types as t
      on t.event_name = e.event_name and t.event_version::text = e.event_version
    offset 0
  ) as v
$$;

ALTER FUNCTION telemetry.check_events(p_events jsonb, p_floor text, p_ceiling timestamp with time zone, p_max_skew interval, p_max_bytes integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.check_events(p_events jsonb, p_floor text, p_ceiling timestamp with time zone, p_max_skew interval, p_max_bytes integer) IS 'Checks a batch of events without storing it: one row an element with its columns or the reason why it is refused';

CREATE FUNCTION telemetry.check_retention_step(p_month timestamp with time zone, p_step text) RETURNS regclass
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_found record;
begin
  perform from telemetry.retired_months as r where r.month = date_trunc('month', p_month, 'UTC') for update;
  select s.partition, s.step, s.reason into v_found
  from telemetry.retention_steps() as s where s.month = date_trunc('month', p_month, 'UTC');
  if v_found.step is null then
    raise exception using
      errcode = 'PT404', message = 'there is no such month below the retention floor', constraint = 'no_retired_month',
      detail = coalesce(p_month::text, 'null'), hint = 'telemetry.retention_steps() lists them';
  elsif v_found.step <> p_step then
    raise exception using
      errcode = 'PT409', message = 'another step of retention comes first', constraint = 'not_due',
      detail = concat_ws(' ', p_month, p_step, 'asked for, next is', v_found.step, v_found.reason),
      hint = 'telemetry.retention_steps() says what comes next';
  end if;
  return to_regclass(v_found.partition);
end
$$;

ALTER FUNCTION telemetry.check_retention_step(p_month timestamp with time zone, p_step text) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.check_retention_step(p_month timestamp with time zone, p_step text) IS 'Refuses a step of retention that is not the next one of its month. Errors: PT404 no_retired_month, PT409 not_due';

CREATE FUNCTION telemetry.confirm_archive(p_month timestamp with time zone, p_rows bigint, p_content_hash text, p_rows_hash text, p_min_event_id text, p_max_event_id text) RETURNS timestamp with time zone
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_known telemetry.archives;
begin
  select a.* into v_known from telemetry.archives as a where a.month = date_trunc('month', p_month, 'UTC') for update;
  if v_known.month is null then
    raise exception using
      errcode = 'PT404', message = 'there is no archive of this month', constraint = 'no_archive',
      detail = coalesce(p_month::text, 'null'), hint = 'telemetry.list_archives() lists them';
  elsif (p_rows, p_content_hash, p_rows_hash, p_min_event_id, p_max_event_id) is distinct from (
    v_known.rows, v_known.content_hash, coalesce(v_known.rows_hash, p_rows_hash), v_known.min_event_id::text,
    v_known.max_event_id::text
  ) then
    raise exception using
      errcode = 'PT409', message = 'the archive is not what was recorded', constraint = 'archive_differs',
      detail = format(
        '%s rows of %s, sha256 %s of %s, digest of rows %s of %s', p_rows, v_known.rows, p_content_hash,
        v_known.content_hash, p_rows_hash, v_known.rows_hash
      ),
      hint = 'put the file back from a copy of the bucket';
  end if;
  update telemetry.archives as a set verified_at = clock_timestamp() where a.month = v_known.month;
  return (select a.verified_at from telemetry.archives as a where a.month = v_known.month);
end
$$;

ALTER FUNCTION telemetry.confirm_archive(p_month timestamp with time zone, p_rows bigint, p_content_hash text, p_rows_hash text, p_min_event_id text, p_max_event_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.confirm_archive(p_month timestamp with time zone, p_rows bigint, p_content_hash text, p_rows_hash text, p_min_event_id text, p_max_event_id text) IS 'Records that an archive was read back and found right. Errors: PT404 no_archive, PT409 archive_differs';

CREATE FUNCTION telemetry.contract_problem(p_contract jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;

ALTER FUNCTION telemetry.contract_problem(p_contract jsonb) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.contract_problem(p_contract jsonb) IS 'What is wrong with a payload contract, in words, or null';

CREATE FUNCTION telemetry.contract_validator(p_contract jsonb) RETURNS jsonpath
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  select (
    'strict ' || coalesce(
      string_agg(
        case when k.required then coalesce(k.holds, format('exists(%s)', k.path))
          else format('((exists(%s)) is unknown || %s)', k.path, k.holds) end,
        ' && ' order by k.required desc, k.name
      ) filter (where k.required or k.holds is not null),
      '1 == 1'
    )
  )::jsonpath
  from (
    select
      p.key as name,
      v.path,
      (p_contract -> 'required') ? p.key is true as required,
      (
        select '(' || string_agg(h.part, ' && ') || ')'
        from (
          values
          (case when not v.are_numbers or b.test is null then (
            select format('(%s)', string_agg(format('%s.type() == "%s"', v.path, t.name), ' || '))
            from (select distinct case n when 'integer' then 'number' else n end from unnest(v.types) as n) as t (name)
            having count(*) > 0
          ) end),
          ((
            select format('exists(%s ? (%s))', v.path, string_agg(format('@ == %s', e.value), ' || '))
            from jsonb_array_elements(p.value -> 'enum') as e (value)
            having count(*) > 0
          )),
          (case when v.are_numbers then 'exists(' || v.path || ' ? (' || b.test || '))'
            else '(' || v.path || '.type() != "number" || exists(' || v.path || ' ? (' || b.test || ')))' end)
        ) as h (part)
      ) as holds
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
        a.types,
        a.types <> '{}' and a.types <@ array['number', 'integer'] as are_numbers
      from (
        select array(
          select jsonb_array_elements_text(
            case when jsonb_typeof(p.value -> 'type') = 'array' then p.value -> 'type'
              else jsonb_build_array(p.value -> 'type') end
          )
          where p.value ? 'type'
        ) as types
      ) as a
    ) as v
    cross join lateral (
      select string_agg(l.test, ' && ') as test
      from (
        values
        ('@ >= ' || (p.value ->> 'minimum')),
        ('@ <= ' || (p.value ->> 'maximum')),
        (case when 'integer' = any (v.types) and 'number' <> all (v.types) then '@.floor() == @' end)
      ) as l (test)
    ) as b
  ) as k
$_$;

ALTER FUNCTION telemetry.contract_validator(p_contract jsonb) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.contract_validator(p_contract jsonb) IS 'Compiles a payload contract to a jsonpath predicate (all but maxLength)';

CREATE FUNCTION telemetry.contract_violation(p_contract jsonb, p_payload jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select v.violation
  from (
    select r.key as name, format('%s is missing', r.key) as violation
    from jsonb_array_elements_text(coalesce(p_contract -> 'required', '[]')) as r (key)
    where not p_payload ? r.key
    union all
    select p.key, case
      when p.value ? 'type' and not exists (
        select
        from jsonb_array_elements_text(
          case when jsonb_typeof(p.value -> 'type') = 'array' then p.value -> 'type'
            else jsonb_build_array(p.value -> 'type') end
        ) as t (name)
        where case
          when t.name = 'integer' then
            jsonb_typeof(d.value) = 'number' and (d.value)::numeric % 1 = 0
          else jsonb_typeof(d.value) = t.name
        end
      ) then format('%s must be %s, not %s', p.key, p.value ->> 'type', jsonb_typeof(d.value))
      when p.value ? 'enum' and not (p.value -> 'enum') @> jsonb_build_array(d.value)
        then format('%s must be one of %s', p.key, p.value ->> 'enum')
      when jsonb_typeof(d.value) = 'number' and (d.value)::numeric < (p.value -> 'minimum')::numeric
        then format('%s must be at least %s', p.key, p.value ->> 'minimum')
      when jsonb_typeof(d.value) = 'number' and (d.value)::numeric > (p.value -> 'maximum')::numeric
        then format('%s must be at most %s', p.key, p.value ->> 'maximum')
      when jsonb_typeof(d.value) = 'string' and length(d.value #>> '{}') > (p.value -> 'maxLength')::integer
        then format('%s must be at most %s characters long', p.key, p.value ->> 'maxLength')
    end
    from jsonb_each(coalesce(p_contract -> 'properties', '{}')) as p
    inner join jsonb_each(case when jsonb_typeof(p_payload) = 'object' then p_payload end) as d on d.key = p.key
  ) as v
  where v.violation is not null
  order by v.name
  limit 1
$$;

ALTER FUNCTION telemetry.contract_violation(p_contract jsonb, p_payload jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.contract_violation(p_contract jsonb, p_payload jsonb) IS 'The first rule of a contract that a payload breaks, in words, or null';

CREATE FUNCTION telemetry.count_cycles(p_item_types text[], p_seconds numeric[]) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  with cycles as (
    select
      c.item_type, c.seconds,
      (select count(*) + 1 from unnest(telemetry.cycle_bounds_seconds()) as b (bound) where b.bound < c.seconds) as nth
    from unnest(p_item_types, p_seconds) as c (item_type, seconds)
  ),
  bucketed as (
    select t.item_type, n.nth, sum(c.seconds) as seconds, count(c.nth) as items
    from (select distinct c.item_type from cycles as c) as t
    cross join generate_series(1, cardinality(telemetry.cycle_bounds_seconds()) + 1) as n (nth)
    left join cycles as c on c.item_type = t.item_type and c.nth = n.nth
    group by t.item_type, n.nth
  )
  insert into telemetry.cycle_rollups as r (item_type, seconds_sum, seconds_histogram)
  select b.item_type, sum(b.seconds), array_agg(b.items order by b.nth)
  from bucketed as b
  group by b.item_type
  on conflict (item_type) do update set
    seconds_sum = r.seconds_sum + excluded.seconds_sum,
    seconds_histogram = array(
      select u.before + u.more from unnest(r.seconds_histogram, excluded.seconds_histogram) as u (before, more)
    )
$$;

ALTER FUNCTION telemetry.count_cycles(p_item_types text[], p_seconds numeric[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.count_cycles(p_item_types text[], p_seconds numeric[]) IS 'Adds the cycle times of items that succeeded to the running totals';

CREATE FUNCTION telemetry.count_events(p_batch telemetry.counted_event[]) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET work_mem TO '64MB'
    SET enable_sort TO 'off'
    SET jit TO 'off'
    AS $$
  with hourly as materialized (
    select
      date_trunc('hour', b.ts) as hour, b.event_name, b.workflow_name, b.agent_role, b.label_1, b.label_2, b.label_3,
      b.label_4, telemetry.duration_bucket(b.duration_ms) as bucket_nr,
      count(*)::integer as events,
      sum(b.input_tokens) as input_tokens,
      sum(b.cached_input_tokens) as cached_input_tokens,
      sum(b.output_tokens) as output_tokens,
      sum(b.cost_usd) as cost_usd,
      sum(b.duration_ms) as duration_ms
    from unnest(p_batch) as b
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9
  ),
  summed as (
    select
      case grouping(h.hour, date_trunc('day', h.hour)) when 1 then 'hour' when 2 then 'day' else 'all' end as grain,
      coalesce(h.hour, date_trunc('day', h.hour), '-infinity') as bucket,
      h.event_name, h.workflow_name, h.agent_role,
      h.label_1, h.label_2, h.label_3, h.label_4,
      sum(h.events) as events,
      coalesce(sum(h.input_tokens), 0) as input_tokens,
      coalesce(sum(h.cached_input_tokens), 0) as cached_input_tokens,
      coalesce(sum(h.output_tokens), 0) as output_tokens,
      coalesce(sum(h.cost_usd), 0) as cost_usd,
      coalesce(sum(h.duration_ms), 0) as duration_ms_sum,
      case when count(h.bucket_nr) > 0 then array[
        coalesce(sum(h.events) filter (where h.bucket_nr = 1), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 2), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 3), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 4), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 5), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 6), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 7), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 8), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 9), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 10), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 11), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 12), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 13), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 14), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 15), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 16), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 17), 0)
      ] end as duration_histogram
    from hourly as h
    group by h.event_name, h.workflow_name, h.agent_role, h.label_1, h.label_2, h.label_3, h.label_4,
      grouping sets ((h.hour), (date_trunc('day', h.hour)), ())
  ),
  counted as (
    insert into telemetry.event_rollups as r (
      grain, bucket, series_id, event_name, workflow_name, agent_role, labels, events, input_tokens, cached_input_tokens,
      output_tokens, cost_usd, duration_ms_sum, duration_histogram
    )
    select
      s.grain, s.bucket,
      encode(substr(sha256(convert_to(
        jsonb_build_array(s.event_name, s.workflow_name, s.agent_role, l.labels)::text, 'UTF8'
      )), 1, 16), 'hex')::uuid,
      s.event_name, s.workflow_name, s.agent_role, l.labels, s.events, s.input_tokens, s.cached_input_tokens,
      s.output_tokens, s.cost_usd, s.duration_ms_sum, s.duration_histogram
    from summed as s
    cross join lateral (select telemetry.label_keys(s.event_name) as keys) as k
    cross join lateral (
      select jsonb_strip_nulls(jsonb_object(
        k.keys, (array[s.label_1, s.label_2, s.label_3, s.label_4])[:cardinality(k.keys)]
      )) as labels
    ) as l
    on conflict (grain, bucket, series_id) do update set
      events = r.events + excluded.events,
      input_tokens = r.input_tokens + excluded.input_tokens,
      cached_input_tokens = r.cached_input_tokens + excluded.cached_input_tokens,
      output_tokens = r.output_tokens + excluded.output_tokens,
      cost_usd = r.cost_usd + excluded.cost_usd,
      duration_ms_sum = r.duration_ms_sum + excluded.duration_ms_sum,
      duration_histogram = case
        when r.duration_histogram is null then excluded.duration_histogram
        when excluded.duration_histogram is null then r.duration_histogram
        else array(
          select u.before + u.more from unnest(r.duration_histogram, excluded.duration_histogram) as u (before, more)
        )
      end
  )
  insert into telemetry.month_rollups as m (month, events)
  select date_trunc('month', core.ulid_time(min(b.event_id))), count(*)
  from unnest(p_batch) as b
  group by b.partition
  on conflict (month) do update set events = m.events + excluded.events
$$;

ALTER FUNCTION telemetry.count_events(p_batch telemetry.counted_event[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.count_events(p_batch telemetry.counted_event[]) IS 'Adds a batch of events to the rollups by hour, day and over all time, and to those by month';

CREATE FUNCTION telemetry.count_items(p_batch telemetry.counted_event[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET work_mem TO '64MB'
    SET jit TO 'off'
    AS $$
declare
  v_changes telemetry.state_changes[];
begin
  v_changes := array(
    select
      row(
        coalesce(c.own_run_id, c.item_id), c.label_1, c.ts, c.event_id, c.run_id, c.label_2, c.label_3
      )::telemetry.state_changes
    from (
      -- a run is told apart by its run_id, whatever item it works on
      select b.*, case when b.label_1 = 'workflow_run' then b.run_id end as own_run_id
      from unnest(p_batch) as b
      where b.event_name = 'workflow.item_state_changed' and b.label_1 <> '' and b.label_3 is not null
    ) as c
    where coalesce(c.own_run_id, c.item_id) is not null
  );
  if cardinality(v_changes) > 0 then
    perform telemetry.settle_items(v_changes);
  end if;

  insert into telemetry.item_rollups as r (
    item_id, item_type, project_id, events, steps, failed_steps, input_tokens, cached_input_tokens, output_tokens, cost_usd
  )
  select
    u.item_id,
    coalesce(
      (
        select i.item_type from telemetry.item_rollups as i where i.item_id = u.item_id
        order by i.item_type = '', i.started_at, i.item_type limit 1
      ),
      ''
    ),
    u.project_id, u.events, u.steps, u.failed_steps, u.input_tokens, u.cached_input_tokens, u.output_tokens, u.cost_usd
  from (
    select
      b.item_id,
      min(b.project_id) as project_id,
      count(*) as events,
      count(*) filter (where b.event_name = 'workflow.step_completed') as steps,
      count(*) filter (where b.event_name = 'workflow.step_completed' and b.label_2 = 'failed') as failed_steps,
      coalesce(sum(b.input_tokens), 0) as input_tokens,
      coalesce(sum(b.cached_input_tokens), 0) as cached_input_tokens,
      coalesce(sum(b.output_tokens), 0) as output_tokens,
      coalesce(sum(b.cost_usd), 0) as cost_usd
    from unnest(p_batch) as b
    where b.item_id is not null
    group by b.item_id
  ) as u
  on conflict (item_id, item_type) do update set
    project_id = least(r.project_id, excluded.project_id),
    events = r.events + excluded.events,
    steps = r.steps + excluded.steps,
    failed_steps = r.failed_steps + excluded.failed_steps,
    input_tokens = r.input_tokens + excluded.input_tokens,
    cached_input_tokens = r.cached_input_tokens + excluded.cached_input_tokens,
    output_tokens = r.output_tokens + excluded.output_tokens,
    cost_usd = r.cost_usd + excluded.cost_usd;
end
$$;

ALTER FUNCTION telemetry.count_items(p_batch telemetry.counted_event[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.count_items(p_batch telemetry.counted_event[]) IS 'Adds a batch of events to the changes of state and to the rollups by item';

CREATE FUNCTION telemetry.count_runs(p_batch telemetry.counted_event[]) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET work_mem TO '64MB'
    SET jit TO 'off'
    AS $$
  insert into telemetry.run_rollups as r (
    run_id, workflow_name, project_id, state, outcome, started_at, ended_at, last_event_at, events, steps, failed_steps,
    input_tokens, cached_input_tokens, output_tokens, cost_usd, duration_ms_sum
  )
  select
    u.run_id, u.workflow_name, u.project_id, i.state, i.outcome, u.started_at, i.ended_at, u.last_event_at, u.events,
    u.steps, u.failed_steps, u.input_tokens, u.cached_input_tokens, u.output_tokens, u.cost_usd, u.duration_ms_sum
  from (
    select
      k.run_id,
      min(b.workflow_name) as workflow_name,
      min(b.project_id) as project_id,
      min(b.ts) as started_at,
      max(b.ts) as last_event_at,
      count(*) as events,
      count(*) filter (where b.event_name = 'workflow.step_completed') as steps,
      count(*) filter (where b.event_name = 'workflow.step_completed' and b.label_2 = 'failed') as failed_steps,
      coalesce(sum(b.input_tokens), 0) as input_tokens,
      coalesce(sum(b.cached_input_tokens), 0) as cached_input_tokens,
      coalesce(sum(b.output_tokens), 0) as output_tokens,
      coalesce(sum(b.cost_usd), 0) as cost_usd,
      coalesce(sum(b.duration_ms), 0) as duration_ms_sum
    from unnest(p_batch) as b
    cross join lateral (
      -- what changes the state of a run may tell it as its item only
      select coalesce(
        b.run_id,
        case when b.event_name = 'workflow.item_state_changed' and b.label_1 = 'workflow_run' then b.item_id end
      ) as run_id
    ) as k
    where k.run_id is not null
    group by k.run_id
  ) as u
  left join telemetry.item_rollups as i on i.item_id = u.run_id and i.item_type = 'workflow_run'
  on conflict (run_id) do update set
    workflow_name = least(r.workflow_name, excluded.workflow_name),
    project_id = least(r.project_id, excluded.project_id),
    state = excluded.state,
    outcome = excluded.outcome,
    started_at = least(r.started_at, excluded.started_at),
    ended_at = excluded.ended_at,
    last_event_at = greatest(r.last_event_at, excluded.last_event_at),
    events = r.events + excluded.events,
    steps = r.steps + excluded.steps,
    failed_steps = r.failed_steps + excluded.failed_steps,
    input_tokens = r.input_tokens + excluded.input_tokens,
    cached_input_tokens = r.cached_input_tokens + excluded.cached_input_tokens,
    output_tokens = r.output_tokens + excluded.output_tokens,
    cost_usd = r.cost_usd + excluded.cost_usd,
    duration_ms_sum = r.duration_ms_sum + excluded.duration_ms_sum
$$;

ALTER FUNCTION telemetry.count_runs(p_batch telemetry.counted_event[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.count_runs(p_batch telemetry.counted_event[]) IS 'Adds a batch of events to the rollups by run';

CREATE FUNCTION telemetry.cycle_bounds_seconds() RETURNS numeric[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select array[
    60, 300, 900, 3600, 14400, 28800, 86400, 172800, 259200, 604800, 1209600, 2592000, 7776000
  ]::numeric[]
$$;

ALTER FUNCTION telemetry.cycle_bounds_seconds() OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.cycle_bounds_seconds() IS 'Upper bounds of the histograms of cycle times, seconds, each inclusive; the last bucket, above them all, has none';

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE telemetry.state_changes (
    item_id text NOT NULL,
    item_type text NOT NULL,
    ts timestamp with time zone NOT NULL,
    event_id text NOT NULL COLLATE pg_catalog."C",
    run_id text,
    from_state text,
    to_state text NOT NULL
);

ALTER TABLE telemetry.state_changes OWNER TO pylayer_owner;

COMMENT ON TABLE telemetry.state_changes IS 'Each reported change of state, kept for ever: facts that depend on the order are computed from it, so that late events are exact';

COMMENT ON COLUMN telemetry.state_changes.item_id IS 'The item; for item_type workflow_run its run_id';

COMMENT ON COLUMN telemetry.state_changes.item_type IS 'story, task, workflow_run, ...; the first 128 characters';

COMMENT ON COLUMN telemetry.state_changes.ts IS 'When it happened';

COMMENT ON COLUMN telemetry.state_changes.event_id IS 'The event that told it';

COMMENT ON COLUMN telemetry.state_changes.run_id IS 'Run in which it happened';

COMMENT ON COLUMN telemetry.state_changes.from_state IS 'State before as reported, null at creation; the first 128 characters';

COMMENT ON COLUMN telemetry.state_changes.to_state IS 'State from then on; the first 128 characters';

CREATE FUNCTION telemetry.cycle_times(p_changes telemetry.state_changes[]) RETURNS TABLE(item_type text, seconds numeric)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET work_mem TO '64MB'
    SET jit TO 'off'
    AS $$
  with states as materialized (
    select d.state, telemetry.state_outcome(d.state) is not distinct from 'succeeded' as is_success
    from (select distinct c.to_state as state from unnest(p_changes) as c) as d
  ),
  known as (
    select c.item_id, c.item_type, c.ts, c.event_id, c.ts as first_at, c.nr, s.is_success
    from unnest(p_changes) with ordinality as c (item_id, item_type, ts, event_id, run_id, from_state, to_state, nr)
    inner join states as s on s.state = c.to_state
    union all  -- what is counted comes first
    select i.item_id, i.item_type, k.state_since, k.state_event_id, k.started_at, 0, k.is_success
    from (select distinct c.item_id, c.item_type from unnest(p_changes) as c) as i
    cross join lateral (
      select
        r.state_since, coalesce(r.state_event_id, '') as state_event_id, r.started_at,
        r.outcome is not distinct from 'succeeded' as is_success
      from telemetry.item_rollups as r
      where r.item_id = i.item_id and r.item_type = i.item_type
      offset 0  -- looked up by index, item by item
    ) as k
  ),
  latest as (
    select l.*, lag(l.is_success) over (partition by l.item_id, l.item_type order by l.nr) as was_success
    from (
      select
        k.item_id, k.item_type, k.ts, k.nr, k.is_success,
        min(k.first_at) over w as first_at,
        row(k.ts, k.event_id) = max(row(k.ts, k.event_id)) over w as is_latest
      from known as k
      window w as (partition by k.item_id, k.item_type order by k.nr)
    ) as l
    where l.is_latest
  )
  select l.item_type, extract(epoch from l.ts - l.first_at)
  from latest as l
  where l.nr > 0 and l.is_success and l.was_success is not true
$$;

ALTER FUNCTION telemetry.cycle_times(p_changes telemetry.state_changes[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.cycle_times(p_changes telemetry.state_changes[]) IS 'Cycle times of items that succeed with new changes of state, whatever batches the changes come in';

CREATE FUNCTION telemetry.drop_month(p_month timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET lock_timeout TO '2s'
    AS $$
declare
  v_month timestamptz := date_trunc('month', p_month, 'UTC');
  v_table regclass := telemetry.check_retention_step(p_month => p_month, p_step => 'drop');
  v_known record;
  v_events bigint;
  v_rows_hash text;
begin
  execute format('lock table %s in access exclusive mode', v_table);
  select
    r.events, coalesce(m.events, 0) as counted, coalesce(a.rows, r.events) as archived, a.rows_hash,
    r.restoring_since is not null as is_leftover
  into v_known
  from telemetry.retired_months as r
  left join telemetry.month_rollups as m on m.month = r.month
  left join telemetry.archives as a on a.month = r.month
  where r.month = v_month;
  if v_known.rows_hash is null or v_known.is_leftover then
    execute format('select count(*) from %s', v_table) into v_events;
  else
    select d.rows, d.rows_hash into v_events, v_rows_hash from telemetry.month_digest(p_table => v_table) as d;
  end if;
  if not v_known.is_leftover
    and (v_events, v_events, v_events, v_rows_hash) is distinct from
    (v_known.events, v_known.counted, v_known.archived, v_known.rows_hash) then
    raise exception using
      errcode = 'PT409', message = 'the month is not what was sealed, counted and archived', constraint = 'rows_differ',
      detail = format(
        '%s events, %s sealed, %s counted, %s archived, digest %s of %s',
        v_events, v_known.events, v_known.counted, v_known.archived, v_rows_hash, v_known.rows_hash
      ),
      hint = 'nothing is dropped; compare the table with telemetry.month_rollups and telemetry.archives';
  end if;
  execute format('drop table %s', v_table);
  update telemetry.retired_months as r
  set dropped_at = coalesce(r.dropped_at, now()), restoring_since = null, kept_until = null
  where r.month = v_month;
  return v_events;
end
$$;

ALTER FUNCTION telemetry.drop_month(p_month timestamp with time zone) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.drop_month(p_month timestamp with time zone) IS 'Drops a detached month after a last count of it. Errors: PT404 no_retired_month, PT409 not_due, rows_differ, 55P03';

CREATE FUNCTION telemetry.duration_bounds_ms() RETURNS numeric[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select array[
    5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 900000, 3600000
  ]::numeric[]
$$;

ALTER FUNCTION telemetry.duration_bounds_ms() OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.duration_bounds_ms() IS 'Upper bounds of the duration histograms, milliseconds, each inclusive; the last bucket, above them all, has none';

CREATE FUNCTION telemetry.duration_bucket(p_ms numeric) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
  select 17 - width_bucket(
    -p_ms,
    '{-3600000,-900000,-300000,-60000,-30000,-10000,-5000,-2500,-1000,-500,-250,-100,-50,-25,-10,-5}'::numeric[]
  )
$$;

ALTER FUNCTION telemetry.duration_bucket(p_ms numeric) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.duration_bucket(p_ms numeric) IS 'Number of the histogram bucket of a duration in milliseconds: 1 to 16 by telemetry.duration_bounds_ms, 17 above';

CREATE FUNCTION telemetry.events_between(p_from timestamp with time zone, p_to timestamp with time zone, p_event_name text DEFAULT NULL::text, p_run_id text DEFAULT NULL::text, p_item_id text DEFAULT NULL::text, p_workflow_name text DEFAULT NULL::text, p_agent_role text DEFAULT NULL::text, p_project_id text DEFAULT NULL::text, p_limit integer DEFAULT 1000, p_after text DEFAULT NULL::text) RETURNS TABLE(event_id text, event_version integer, event_name text, ts timestamp with time zone, run_id text, item_id text, workflow_name text, agent_role text, payload jsonb, project_id text, metadata jsonb, recorded_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
#variable_conflict use_column
declare
  -- in seconds: a month would be longer or shorter than the 30 days that it counts when an event is checked
  v_skew interval := (select make_interval(secs => extract(epoch from s.max_ts_skew)) from core.settings as s);
  v_first text;
  v_end text;
begin
  if p_from is null or p_to is null or p_from > p_to then
    raise exception using
      errcode = 'PT400', message = 'range is not a range', constraint = 'invalid_range',
      detail = format('%s to %s', p_from, p_to), hint = 'p_from lies before p_to';
  elsif coalesce(p_limit, 0) not between 1 and 10000 then
    raise exception using
      errcode = 'PT400', message = 'limit is out of range', constraint = 'invalid_limit',
      detail = coalesce(p_limit::text, 'null'), hint = '1 to 10000';
  elsif p_after is not null then
    perform core.ulid_time(p_after);
  end if;
  v_first := core.ulid_floor(least(greatest(p_from, '1970-01-01'::timestamptz + v_skew) - v_skew, '9999-01-01'));
  v_end := core.ulid_floor(greatest(least(p_to, '9999-01-01') + v_skew + interval '1 millisecond', '1970-01-01'));
  return query
  select
    w.event_id, w.event_version, w.event_name, w.ts, w.run_id, w.item_id, w.workflow_name, w.agent_role, w.payload,
    w.project_id, w.metadata, w.recorded_at
  from telemetry.workflow_events as w
  where w.event_id >= v_first
    and w.event_id < v_end
    and w.ts >= p_from
    and w.ts < p_to
    and (p_after is null or w.event_id > p_after)
    and (p_event_name is null or w.event_name = p_event_name)
    and (p_run_id is null or w.run_id = p_run_id)
    and (p_item_id is null or w.item_id = p_item_id)
    and (p_workflow_name is null or w.workflow_name = p_workflow_name)
    and (p_agent_role is null or w.agent_role = p_agent_role)
    and (p_project_id is null or w.project_id = p_project_id)
  order by w.event_id
  limit p_limit;
end
$$;

ALTER FUNCTION telemetry.events_between(p_from timestamp with time zone, p_to timestamp with time zone, p_event_name text, p_run_id text, p_item_id text, p_workflow_name text, p_agent_role text, p_project_id text, p_limit integer, p_after text) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.events_between(p_from timestamp with time zone, p_to timestamp with time zone, p_event_name text, p_run_id text, p_item_id text, p_workflow_name text, p_agent_role text, p_project_id text, p_limit integer, p_after text) IS 'Events of a time range with filters, in id order, by keyset pages. Errors: PT400';

CREATE FUNCTION telemetry.finish_restore(p_month timestamp with time zone, p_days integer DEFAULT 30) RETURNS timestamp with time zone
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET lock_timeout TO '2s'
    AS $$
declare
  v_month timestamptz := date_trunc('month', p_month, 'UTC');
  v_kept_until timestamptz;
  v_table regclass;
  v_known telemetry.archives;
  v_found record;
begin
  if coalesce(p_days, 0) not between 1 and 3650 then
    raise exception using
      errcode = 'PT400', message = 'number of days is out of range', constraint = 'invalid_days',
      detail = coalesce(p_days::text, 'null'), hint = '1 to 3650';
  end if;
  select r.kept_until into v_kept_until from telemetry.retired_months as r where r.month = v_month for update;
  if v_kept_until > now() then
    return v_kept_until;
  end if;
  v_table := telemetry.restoring_table(p_month => p_month);
  perform telemetry.guard_month(p_table => v_table);
  v_found := telemetry.month_digest(p_table => v_table);
  select a.* into v_known from telemetry.archives as a where a.month = v_month;
  if (v_found.rows, v_found.min_event_id, v_found.max_event_id, v_found.rows_hash) is distinct from (
    v_known.rows, v_known.min_event_id::text, v_known.max_event_id::text, coalesce(v_known.rows_hash, v_found.rows_hash)
  ) then
    raise exception using
      errcode = 'PT409', message = 'the archive is not what was recorded', constraint = 'archive_differs',
      detail = format('%s rows of %s, digest %s of %s', v_found.rows, v_known.rows, v_found.rows_hash, v_known.rows_hash),
      hint = 'restore it again';
  end if;
  v_kept_until := now() + make_interval(days => p_days);
  update telemetry.retired_months as r
  set dropped_at = null, restoring_since = null, kept_until = v_kept_until
  where r.month = v_month;
  for v_attempt in 1 .. 14 loop
    begin
      perform telemetry.attach_month(p_month => v_month);
      return v_kept_until;
    exception when lock_not_available then
      continue;
    end;
  end loop;
  perform telemetry.attach_month(p_month => v_month);
  return v_kept_until;
end
$$;

ALTER FUNCTION telemetry.finish_restore(p_month timestamp with time zone, p_days integer) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.finish_restore(p_month timestamp with time zone, p_days integer) IS 'Checks a restored month, seals and attaches it. Errors: PT400 invalid_days, PT409 not_restoring, archive_differs, 55P03';

CREATE FUNCTION telemetry.fold_ingest_counts(OUT duplicates bigint, OUT conflicts bigint) RETURNS record
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  with folded as (
    delete from telemetry.ingest_counts as c returning c.duplicates, c.conflicts
  )
  insert into telemetry.ingest_counts (duplicates, conflicts)
  select coalesce(sum(f.duplicates), 0), coalesce(sum(f.conflicts), 0) from folded as f
  returning duplicates, conflicts
$$;

ALTER FUNCTION telemetry.fold_ingest_counts(OUT duplicates bigint, OUT conflicts bigint) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.fold_ingest_counts(OUT duplicates bigint, OUT conflicts bigint) IS 'Folds the counts of repeated events into one row and returns the totals';

CREATE FUNCTION telemetry.forbid_late_insert() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  raise exception using
    errcode = 'PT410', message = 'event id is below the retention floor', constraint = 'below_retention_floor',
    detail = format('INSERT on %I.%I', tg_table_schema, tg_table_name),
    hint = 'events of that time have been dropped; see telemetry.retention_floor()';
end
$$;

ALTER FUNCTION telemetry.forbid_late_insert() OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.forbid_late_insert() IS 'Trigger function of sealed months: refuses INSERT for every role. Errors: PT410 below_retention_floor';

CREATE FUNCTION telemetry.given_ts(p_doc jsonb) RETURNS timestamp with time zone
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $_$
  select case
    when p_doc ->> 'ts' like '____-__-__%' and p_doc ->> 'ts' collate "C" between '0' and ':'
      then json_value(p_doc, '$.ts' returning timestamptz null on error)
  end
$_$;

ALTER FUNCTION telemetry.given_ts(p_doc jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.given_ts(p_doc jsonb) IS 'The timestamp in an event as its sender wrote it, or null';

CREATE FUNCTION telemetry.guard_month(p_table regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  execute format(
    'create or replace trigger workflow_events_sealed before insert on %s '
    'for each row execute function telemetry.forbid_late_insert()', p_table
  );
  execute format(
    'create or replace trigger workflow_events_keep before update or delete on %s '
    'for each row execute function core.forbid_mutation()', p_table
  );
  execute format(
    'create or replace trigger workflow_events_keep_all before truncate on %s '
    'for each statement execute function core.forbid_mutation()', p_table
  );
  execute format(
    'alter table %s enable always trigger workflow_events_sealed, enable always trigger workflow_events_keep, '
    'enable always trigger workflow_events_keep_all', p_table
  );
end
$$;

ALTER FUNCTION telemetry.guard_month(p_table regclass) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.guard_month(p_table regclass) IS 'Guards a month against INSERT, UPDATE, DELETE and TRUNCATE by triggers that stay when it is detached';

CREATE FUNCTION telemetry.guard_new_partitions() RETURNS event_trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION telemetry.guard_new_partitions() OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.guard_new_partitions() IS 'Event trigger function: guards a partition against TRUNCATE as soon as it is made or attached, by whatever path';

CREATE FUNCTION telemetry.guard_partitions() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION telemetry.guard_partitions() OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.guard_partitions() IS 'Guards every partition of the events against TRUNCATE; safe to repeat. Runs as its caller, who must own the partition';

CREATE FUNCTION telemetry.has_month(p_id_ts timestamp with time zone) RETURNS boolean
    LANGUAGE sql
    AS $$
  select pg_relation_size(to_regclass(telemetry.partition_name(p_id_ts))) is not null
    -- a table that only has the name, such as a detached month, is none
    and pg_partition_root(to_regclass(telemetry.partition_name(p_id_ts)))
    is not distinct from 'telemetry.workflow_events'::regclass
$$;

ALTER FUNCTION telemetry.has_month(p_id_ts timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.has_month(p_id_ts timestamp with time zone) IS 'True when the monthly partition of the time in an event id can be inserted into; waits for a session that is making it';

CREATE FUNCTION telemetry.has_short_fields(p_doc jsonb) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return coalesce(greatest(
    length(p_doc ->> 'run_id'), length(p_doc ->> 'item_id'), length(p_doc ->> 'workflow_name'),
    length(p_doc ->> 'agent_role'), length(p_doc ->> 'project_id')
  ) <= 500, true);
end
$$;

ALTER FUNCTION telemetry.has_short_fields(p_doc jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.has_short_fields(p_doc jsonb) IS 'True when no free text of an event is longer than 500 characters';

CREATE FUNCTION telemetry.id_digit(p_octets bytea, p_place integer, p_digits bytea DEFAULT decode(((((((((((((repeat('00'::text, 48) || '00010203040506070809'::text) || repeat('00'::text, 7)) || '0a0b0c0d0e0f1011'::text) || '00'::text) || '1213'::text) || '00'::text) || '1415'::text) || '00'::text) || '161718191a'::text) || '00'::text) || '1b1c1d1e1f'::text) || repeat('00'::text, 165)), 'hex'::text)) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
  select get_byte(p_digits, get_byte(p_octets, p_place))
$$;

ALTER FUNCTION telemetry.id_digit(p_octets bytea, p_place integer, p_digits bytea) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.id_digit(p_octets bytea, p_place integer, p_digits bytea) IS 'Value of one character of an event id as a digit of Crockford''s base32; unchecked, for the ingest path';

CREATE FUNCTION telemetry.id_octets_ms(p_octets bytea) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
  select
    ((((telemetry.id_digit(p_octets, 0) * 32 + telemetry.id_digit(p_octets, 1)) * 32
      + telemetry.id_digit(p_octets, 2)) * 32 + telemetry.id_digit(p_octets, 3)) * 32
      + telemetry.id_digit(p_octets, 4)) * 33554432::bigint
    + ((((telemetry.id_digit(p_octets, 5) * 32 + telemetry.id_digit(p_octets, 6)) * 32
      + telemetry.id_digit(p_octets, 7)) * 32 + telemetry.id_digit(p_octets, 8)) * 32
      + telemetry.id_digit(p_octets, 9))
$$;

ALTER FUNCTION telemetry.id_octets_ms(p_octets bytea) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.id_octets_ms(p_octets bytea) IS 'Milliseconds since 1970 in the octets of a ULID; unchecked, for the ingest path';

CREATE FUNCTION telemetry.ingest_event(p_event jsonb, OUT event_id text, OUT status text) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
#variable_conflict use_column
declare
  v_id text := p_event ->> 'event_id';
  v_octets bytea := convert_to(v_id, 'UTF8');
  v_id_ms bigint := 0::bigint;
  v_id_ts timestamptz;
  v_ts timestamptz;
begin
  if octet_length(v_id) = 26
    and pg_column_compression(p_event) is null
    and current_setting('transaction_isolation') = 'read committed' then
    for v_place in 0..9 loop
      v_id_ms := v_id_ms * 32 + telemetry.id_digit(v_octets, v_place);
    end loop;
    v_id_ts := to_timestamp(v_id_ms / 1000.0::float8);
    v_ts := case when p_event ->> 'ts' is null then v_id_ts else telemetry.given_ts(p_event) end;
    insert into telemetry.workflow_events (
      event_id, event_version, event_name, ts, run_id, item_id, workflow_name, agent_role, payload, project_id,
      metadata, recorded_epoch, recorded_xid
    )
    select
      v_id, t.event_version, t.event_name, v_ts,
      p_event ->> 'run_id', p_event ->> 'item_id', p_event ->> 'workflow_name', p_event ->> 'agent_role',
      p_event -> 'payload', p_event ->> 'project_id', nullif(p_event -> 'metadata', 'null'),
      s.epoch, pg_current_xact_id()::text::bigint
    from core.settings as s
    inner join telemetry.event_types as t
      on t.event_name = p_event ->> 'event_name'
      and t.event_version::text = coalesce(p_event ->> 'event_version', '1')
    where s.open_since = pg_postmaster_start_time() and s.open_month @> v_id_ts
      and telemetry.is_storable(
        p_doc => p_event, p_event_id => v_id, p_id_ts => v_id_ts, p_ts => v_ts, p_validator => t.validator,
        p_long_contract => case when t.has_max_length then t.contract end, p_floor => s.retention_floor,
        p_ceiling => statement_timestamp() + s.max_clock_ahead, p_max_skew => s.max_ts_skew,
        p_max_bytes => s.max_event_bytes
      )
    on conflict do nothing;
    if found then
      event_id := v_id;
      status := 'created';
      return;
    end if;
  end if;
  select i.event_id, i.status into event_id, status
  from telemetry.ingest_events(p_events => jsonb_build_array(p_event), p_on_error => 'raise') as i;
end
$$;

ALTER FUNCTION telemetry.ingest_event(p_event jsonb, OUT event_id text, OUT status text) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.ingest_event(p_event jsonb, OUT event_id text, OUT status text) IS 'Stores one event once: status created, duplicate or conflict. Errors: PT400, PT410, PT413, PT422, 55P03, 40001, 40P01';

CREATE FUNCTION telemetry.ingest_events(p_events jsonb, p_on_error text DEFAULT 'raise'::text) RETURNS TABLE("position" integer, event_id text, status text, code text, reason text, detail text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
#variable_conflict use_column
declare
  v_limits record;
  v_batch telemetry.checked_event[];
  v_refused integer;
  v_first timestamptz;
  v_last timestamptz;
  v_epoch integer;
  v_xid bigint;
  v_created text[];
begin
  select
    s.max_batch_events, s.max_event_bytes, s.max_ts_skew, s.retention_floor, s.epoch, s.open_month,
    (s.open_since = pg_postmaster_start_time()) is true as is_noted,
    statement_timestamp() + s.max_clock_ahead as ceiling
  into v_limits
  from core.settings as s;
  if jsonb_typeof(p_events) is distinct from 'array' then
    raise exception using
      errcode = 'PT400', message = 'events are not a JSON array', constraint = 'not_an_array',
      detail = coalesce(jsonb_typeof(p_events), 'null'), hint = 'send one event with telemetry.ingest_event';
  elsif coalesce(p_on_error, '') not in ('raise', 'report') then
    raise exception using
      errcode = 'PT400', message = 'p_on_error is not known', constraint = 'invalid_on_error',
      detail = coalesce(left(p_on_error, 64), 'null'), hint = 'raise or report';
  elsif jsonb_array_length(p_events) > v_limits.max_batch_events then
    raise exception using
      errcode = 'PT413', message = 'batch is over max_batch_events', constraint = 'too_many_events',
      detail = format('%s events, limit %s', jsonb_array_length(p_events), v_limits.max_batch_events),
      hint = 'send several batches';
  end if;

  v_batch := array(
    select c
    from telemetry.check_events(
      p_events => p_events, p_floor => v_limits.retention_floor, p_ceiling => v_limits.ceiling,
      p_max_skew => v_limits.max_ts_skew, p_max_bytes => v_limits.max_event_bytes
    ) as c
  );

  select
    min(b.position) filter (where b.reason is not null),
    min(b.id_ts) filter (where b.reason is null),
    max(b.id_ts) filter (where b.reason is null)
  into v_refused, v_first, v_last
  from unnest(v_batch) as b;
  if v_refused is not null and p_on_error = 'raise' then
    perform telemetry.raise_refusal(b.position, b.event_id, b.reason, b.detail)
    from unnest(v_batch) as b where b.position = v_refused;
  end if;
  if (v_limits.is_noted and v_limits.open_month @> tstzrange(v_first, v_last, '[]')) is not true then
    if telemetry.partition_name(v_first) <> telemetry.partition_name(v_last)
      or not telemetry.has_month(v_first) then
      perform telemetry.make_months(array(
        select distinct date_trunc('month', b.id_ts, 'UTC')
        from unnest(v_batch) as b where b.reason is null
      ));
    else
      perform telemetry.note_open_month(v_first);
    end if;
  end if;

  v_epoch := case
    when v_limits.is_noted and current_setting('transaction_isolation') = 'read committed' then v_limits.epoch
    else core.current_epoch()
  end;
  v_xid := pg_current_xact_id()::text::bigint;
  with stored as (
    insert into telemetry.workflow_events (
      event_id, event_version, event_name, ts, run_id, item_id, workflow_name, agent_role, payload, project_id,
      metadata, recorded_epoch, recorded_xid
    )
    select
      b.event_id, b.event_version, b.event_name, b.ts, b.run_id, b.item_id, b.workflow_name, b.agent_role, b.payload,
      b.project_id, b.metadata, v_epoch, v_xid
    from unnest(v_batch) as b
    where b.reason is null
    order by b.event_id collate "C", b.position
    on conflict do nothing
    returning event_id
  )
  select coalesce(array_agg(s.event_id), '{}') into v_created from stored as s;

  if cardinality(v_created) = cardinality(v_batch) then
    return query
    select b.position, b.event_id, 'created', null::text, null::text, null::text
    from unnest(v_batch) as b order by b.position;
  else
    return query
    select s.position, s.event_id, s.status, s.code, s.reason, s.detail
    from telemetry.settle_batch(v_batch, v_created) as s;
  end if;
end
$$;

ALTER FUNCTION telemetry.ingest_events(p_events jsonb, p_on_error text) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.ingest_events(p_events jsonb, p_on_error text) IS 'Stores a batch of events, each id once; one row an event in input order: created, duplicate, conflict or refused. Errors: PT400, PT410, PT413, PT422 (with raise), 55P03, 40001, 40P01';

CREATE FUNCTION telemetry.is_storable(p_doc jsonb, p_event_id text, p_id_ts timestamp with time zone, p_ts timestamp with time zone, p_validator jsonpath, p_long_contract jsonb, p_floor text, p_ceiling timestamp with time zone, p_max_skew interval, p_max_bytes integer) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $_$
  select
    jsonb_typeof(p_doc) = 'object'
    and p_event_id !~ '[^0-9A-HJKMNP-TV-Z]'
    and p_event_id collate "C" >= p_floor
    and p_id_ts <= p_ceiling  -- so that the id begins with 0 to 7
    and p_ts between p_id_ts - p_max_skew and p_id_ts + p_max_skew
    and p_doc - array[
      'event_id', 'event_version', 'event_name', 'ts', 'run_id', 'item_id', 'workflow_name', 'agent_role', 'payload',
      'project_id', 'metadata'
    ] = '{}'
    -- strict: a key that is left out makes its part unknown, a key of the wrong kind makes the whole false
    and (p_doc @@ 'strict $.event_id.type() == "string" && $.payload.type() == "object"
      && $.event_version.type() == "number"
      && ($.ts.type() == "string" || $.ts == null)
      && ($.run_id.type() == "string" || $.run_id == null)
      && ($.item_id.type() == "string" || $.item_id == null)
      && ($.workflow_name.type() == "string" || $.workflow_name == null)
      && ($.agent_role.type() == "string" || $.agent_role == null)
      && ($.project_id.type() == "string" || $.project_id == null)
      && ($.metadata.type() == "object" || $.metadata == null)') is not false
    and p_doc -> 'payload' @@ p_validator
    and pg_column_size(p_doc) <= p_max_bytes
    and (
      pg_column_size(p_doc) <= 500  -- then no field of it is longer
      or pg_column_size(p_doc - array['payload', 'metadata']) <= 500
      or telemetry.has_short_fields(p_doc)
    )
    and (p_long_contract is null or telemetry.contract_violation(p_long_contract, p_doc -> 'payload') is null)
$_$;

ALTER FUNCTION telemetry.is_storable(p_doc jsonb, p_event_id text, p_id_ts timestamp with time zone, p_ts timestamp with time zone, p_validator jsonpath, p_long_contract jsonb, p_floor text, p_ceiling timestamp with time zone, p_max_skew interval, p_max_bytes integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.is_storable(p_doc jsonb, p_event_id text, p_id_ts timestamp with time zone, p_ts timestamp with time zone, p_validator jsonpath, p_long_contract jsonb, p_floor text, p_ceiling timestamp with time zone, p_max_skew interval, p_max_bytes integer) IS 'True when an event fulfils every rule of the envelope, the window and its contract';

CREATE FUNCTION telemetry.label_keys(p_event_name text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case p_event_name
    when 'workflow.step_completed' then '{step_name,status,model}'::text[]
    when 'workflow.item_state_changed' then '{item_type,from_state,to_state}'::text[]
    when 'workflow.story_changed' then '{change_type,cause_stage,post_ready}'::text[]
    when 'workflow.gap_found' then '{gap_type,severity,stage_found,stage_introduced}'::text[]
    when 'workflow.flow_issue' then '{issue_type,impact}'::text[]
    else '{}'::text[]
  end
$$;

ALTER FUNCTION telemetry.label_keys(p_event_name text) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.label_keys(p_event_name text) IS 'Keys of the payload by which events of a type are counted apart in telemetry.event_rollups';

CREATE FUNCTION telemetry.list_archives(p_month timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS TABLE(month timestamp with time zone, storage_key text, rows bigint, size_bytes bigint, content_hash text, min_event_id text, max_event_id text, archived_at timestamp with time zone, verified_at timestamp with time zone, dropped_at timestamp with time zone, kept_until timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
    a.month, a.storage_key, a.rows, a.size_bytes, a.content_hash, a.min_event_id, a.max_event_id, a.archived_at,
    a.verified_at, r.dropped_at, r.kept_until
  from telemetry.archives as a
  inner join telemetry.retired_months as r on r.month = a.month
  where p_month is null or a.month = date_trunc('month', p_month, 'UTC')
  order by a.month
$$;

ALTER FUNCTION telemetry.list_archives(p_month timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.list_archives(p_month timestamp with time zone) IS 'Archives of months, oldest first';

CREATE FUNCTION telemetry.make_months(p_months timestamp with time zone[]) RETURNS TABLE(month timestamp with time zone, partition text, created boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET lock_timeout TO '5s'
    AS $$
#variable_conflict use_column
declare
  v_missing timestamptz[];
  v_floor core.ulid;
begin
  v_missing := array(
    select distinct date_trunc('month', m.ts, 'UTC') from unnest(p_months) as m (ts)
    where telemetry.month_partition(m.ts) is null order by 1
  );
  if cardinality(v_missing) > 0 then
    perform pg_advisory_xact_lock('telemetry.workflow_events'::regclass::oid::bigint);
    lock table telemetry.workflow_events in share update exclusive mode;
    v_missing := array(select m.ts from unnest(v_missing) as m (ts) where telemetry.month_partition(m.ts) is null);
    select s.retention_floor into v_floor from core.settings as s for share;
    if core.ulid_time(v_floor) > any (v_missing) then
      raise exception using
        errcode = 'PT410', message = 'a month lies below the retention floor', constraint = 'below_retention_floor',
        detail = format('%s, floor %s', v_missing[1], core.ulid_time(v_floor)),
        hint = 'the floor only grows: restore an archive instead';
    end if;
    perform partman.create_partition_time('telemetry.workflow_events', v_missing);
    perform telemetry.guard_partitions();
    if exists (select from unnest(v_missing) as m (ts) where telemetry.month_partition(m.ts) is null) then
      raise exception using
        errcode = 'PT409', message = 'pg_partman did not make a month', constraint = 'partition_missing',
        detail = v_missing::text, hint = 'run pylayer doctor; a table of that name may be in the way';
    end if;
  end if;
  return query
  select n.ts, telemetry.month_partition(n.ts)::text, n.ts = any (v_missing)
  from (select distinct date_trunc('month', m.ts, 'UTC') as ts from unnest(p_months) as m (ts)) as n
  order by n.ts;
end
$$;

ALTER FUNCTION telemetry.make_months(p_months timestamp with time zone[]) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.make_months(p_months timestamp with time zone[]) IS 'Makes missing monthly partitions of the events through pg_partman. Errors: PT410 below_retention_floor, 55P03, 40001, PT409 partition_missing';

CREATE FUNCTION telemetry.make_months_ahead(p_months integer DEFAULT NULL::integer) RETURNS TABLE(month timestamp with time zone, partition text, created boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
#variable_conflict use_column
declare
  v_months integer := coalesce(p_months, (select s.months_ahead from core.settings as s));
begin
  if v_months not between 0 and 24 then
    raise exception using
      errcode = 'PT400', message = 'number of months is out of range', constraint = 'invalid_months',
      detail = v_months::text, hint = '0 to 24';
  end if;
  return query
  select m.month, m.partition, m.created
  from telemetry.make_months(array(
    select now() + make_interval(months => n) from generate_series(0, v_months) as n
  )) as m;
end
$$;

ALTER FUNCTION telemetry.make_months_ahead(p_months integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.make_months_ahead(p_months integer) IS 'Makes the partitions of this month and of those ahead. Errors: PT400 invalid_months, 55P03, PT409 partition_missing';

CREATE FUNCTION telemetry.metric_totals() RETURNS TABLE(metric text, labels jsonb, value numeric, bounds numeric[], buckets bigint[])
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
  with totals as materialized (
    select
      r.event_name,
      coalesce(r.workflow_name, '') as workflow_name,
      coalesce(r.agent_role, '') as agent_role,
      r.labels,
      coalesce(r.labels ->> 'step_name', '') as step_name,
      coalesce(r.labels ->> 'model', '') as model,
      r.events, r.input_tokens + r.output_tokens as tokens, r.cost_usd, r.duration_ms_sum, r.duration_histogram
    from telemetry.event_rollups as r
    where r.grain = 'all' and r.bucket = '-infinity'
  ),
  durations as (
    select
      t.workflow_name, t.step_name, t.agent_role, coalesce(t.labels ->> 'status', '') as status,
      sum(t.duration_ms_sum) / 1000 as seconds,
      array[
        sum(t.duration_histogram[1]), sum(t.duration_histogram[2]), sum(t.duration_histogram[3]), sum(t.duration_histogram[4]),
        sum(t.duration_histogram[5]), sum(t.duration_histogram[6]), sum(t.duration_histogram[7]), sum(t.duration_histogram[8]),
        sum(t.duration_histogram[9]), sum(t.duration_histogram[10]), sum(t.duration_histogram[11]), sum(t.duration_histogram[12]),
        sum(t.duration_histogram[13]), sum(t.duration_histogram[14]), sum(t.duration_histogram[15]), sum(t.duration_histogram[16]), sum(t.duration_histogram[17])
      ]::bigint[] as buckets  -- as many as telemetry.duration_bounds_ms has, and one above them
    from totals as t
    where t.event_name = 'workflow.step_completed' and t.duration_histogram is not null
    group by 1, 2, 3, 4
  ),
  used as (
    select
      jsonb_build_object('workflow_name', t.workflow_name, 'step_name', t.step_name, 'model', t.model) as labels,
      sum(t.tokens) as tokens,
      sum(t.cost_usd) as cost_usd
    from totals as t
    where t.event_name = 'workflow.step_completed' and (t.model <> '' or t.tokens > 0 or t.cost_usd > 0)
    group by 1
  ),
  counted as (
    select c.metric, l.labels, sum(t.events) as events
    from (
      values
      ('workflow.item_state_changed', 'workflow_state_transitions_total', '{from_state,to_state}'::text[]),
      ('workflow.story_changed', 'workflow_story_churn_total', '{change_type,cause_stage}'),
      ('workflow.gap_found', 'workflow_gaps_total', '{gap_type,severity,stage_found}'),
      ('workflow.flow_issue', 'workflow_flow_issues_total', '{issue_type,impact}')
    ) as c (event_name, metric, keys)
    inner join totals as t on t.event_name = c.event_name
    cross join lateral (
      select jsonb_object_agg(k.key, coalesce(t.labels ->> k.key, '')) as labels from unnest(c.keys) as k (key)
    ) as l
    group by c.metric, l.labels
  ),
  endings as (
    select telemetry.state_outcome(t.labels ->> 'to_state') as outcome, t.events
    from totals as t
    where t.event_name = 'workflow.item_state_changed' and t.labels ->> 'item_type' = 'workflow_run'
      -- an ending that is told again is not another one
      and telemetry.state_outcome(t.labels ->> 'from_state')
        is distinct from telemetry.state_outcome(t.labels ->> 'to_state')
  ),
  single as (
    select s.metric, s.value
    from
      (select p.events, extract(epoch from p.refreshed_at) as refreshed_at from telemetry.rollup_progress as p) as p,
      (select sum(c.duplicates) as duplicates, sum(c.conflicts) as conflicts from telemetry.ingest_counts as c) as c,
      (
        select
          sum(e.events) filter (where e.outcome = 'succeeded') as succeeded,
          sum(e.events) filter (where e.outcome = 'failed') as failed
        from endings as e
      ) as e,
      telemetry.retention_status() as r,
      lateral (
        values
        ('workflow_run_success_total', coalesce(e.succeeded, 0)),
        ('workflow_run_failure_total', coalesce(e.failed, 0)),
        ('telemetry_events_inserted_total', p.events),
        ('telemetry_events_deduplicated_total', coalesce(c.duplicates, 0)),
        ('telemetry_events_conflicts_total', coalesce(c.conflicts, 0)),
        ('telemetry_rollups_refreshed_timestamp_seconds', p.refreshed_at),
        ('telemetry_partitions_months_ahead', r.months_ahead),
        ('telemetry_partitions_overdue', r.overdue_months),
        ('telemetry_oldest_partition_timestamp_seconds', extract(epoch from r.oldest_month))
      ) as s (metric, value)
    where s.value is not null
  )
  select
    'workflow_step_duration_seconds',
    jsonb_build_object(
      'workflow_name', d.workflow_name, 'step_name', d.step_name, 'agent_role', d.agent_role, 'status', d.status
    ),
    d.seconds,
    (select array_agg(b.ms / 1000 order by b.ms) from unnest(telemetry.duration_bounds_ms()) as b (ms)),
    d.buckets
  from durations as d
  union all
  select
    'workflow_cycle_time_seconds', jsonb_build_object('item_type', c.item_type), c.seconds_sum,
    telemetry.cycle_bounds_seconds(), c.seconds_histogram
  from telemetry.cycle_rollups as c
  union all
  select 'workflow_step_tokens_total', u.labels, u.tokens, null, null from used as u
  union all
  select 'workflow_step_cost_usd_total', u.labels, u.cost_usd, null, null from used as u
  union all
  select c.metric, c.labels, c.events, null, null from counted as c
  union all
  select s.metric, '{}', s.value, null, null from single as s
$$;

ALTER FUNCTION telemetry.metric_totals() OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.metric_totals() IS 'What /metrics shows of the database: one row a series, of running totals; its cost does not grow with history';

CREATE FUNCTION telemetry.month_digest(p_table regclass, OUT rows bigint, OUT min_event_id text, OUT max_event_id text, OUT rows_hash text) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_sort TO 'off'
    SET jit TO 'off'
    AS $_$
declare
  v_chain bytea := sha256('');
  v_event_id text;
  v_content bytea;
begin
  rows := 0;
  for v_event_id, v_content in execute format(
    $rows$
      select
        w.event_id,
        convert_to(
          json_build_array(
            w.event_id, w.event_version, w.event_name, (extract(epoch from w.ts) * 1000000)::bigint, w.run_id, w.item_id,
            w.workflow_name, w.agent_role, w.payload, w.project_id, w.metadata,
            (extract(epoch from w.recorded_at) * 1000000)::bigint, w.recorded_epoch, w.recorded_xid
          )::text,
          'UTF8'
        ) as content
      from %s as w
      order by w.event_id
    $rows$,
    p_table
  ) loop
    v_chain := sha256(v_chain || v_content);
    rows := rows + 1;
    min_event_id := coalesce(min_event_id, v_event_id);
    max_event_id := v_event_id;
  end loop;
  rows_hash := encode(v_chain, 'hex');
end
$_$;

ALTER FUNCTION telemetry.month_digest(p_table regclass, OUT rows bigint, OUT min_event_id text, OUT max_event_id text, OUT rows_hash text) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.month_digest(p_table regclass, OUT rows bigint, OUT min_event_id text, OUT max_event_id text, OUT rows_hash text) IS 'Number, least and greatest id, and digest of the events of a month: a chain of sha256 over its rows in the order of ids';

CREATE TABLE telemetry.workflow_events (
    event_id text NOT NULL COLLATE pg_catalog."C",
    event_version integer NOT NULL,
    event_name text NOT NULL,
    ts timestamp with time zone NOT NULL,
    run_id text,
    item_id text,
    workflow_name text,
    agent_role text,
    payload jsonb NOT NULL,
    project_id text,
    metadata jsonb,
    recorded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    recorded_epoch integer NOT NULL,
    recorded_xid bigint NOT NULL,
    CONSTRAINT event_id_is_ulid CHECK (((octet_length(event_id) = 26) AND (event_id < '8'::text) AND (event_id !~ '[^0-9A-HJKMNP-TV-Z]'::text)))
)
PARTITION BY RANGE (event_id);

ALTER TABLE telemetry.workflow_events OWNER TO pylayer_owner;

COMMENT ON TABLE telemetry.workflow_events IS 'Workflow events as they were reported. Append-only; monthly partitions by the time in event_id; never read past the horizon by recorded order';

COMMENT ON COLUMN telemetry.workflow_events.event_id IS 'ULID of the event: identity, partition key and dedupe key';

COMMENT ON COLUMN telemetry.workflow_events.event_version IS 'Version of the payload contract';

COMMENT ON COLUMN telemetry.workflow_events.event_name IS 'Name of the event type';

COMMENT ON COLUMN telemetry.workflow_events.ts IS 'When it happened, by the sender; near the time in event_id';

COMMENT ON COLUMN telemetry.workflow_events.run_id IS 'Workflow run, free text';

COMMENT ON COLUMN telemetry.workflow_events.item_id IS 'Work item, free text such as INFR-001';

COMMENT ON COLUMN telemetry.workflow_events.workflow_name IS 'Workflow, free text';

COMMENT ON COLUMN telemetry.workflow_events.agent_role IS 'Role of the agent that reported it, free text';

COMMENT ON COLUMN telemetry.workflow_events.payload IS 'Facts of the event, checked against its contract';

COMMENT ON COLUMN telemetry.workflow_events.project_id IS 'Project it belongs to, free text';

COMMENT ON COLUMN telemetry.workflow_events.metadata IS 'Source ids and trace context; no rule reads it';

COMMENT ON COLUMN telemetry.workflow_events.recorded_at IS 'When the database stored it';

COMMENT ON COLUMN telemetry.workflow_events.recorded_epoch IS 'Epoch of the cluster that stored it';

COMMENT ON COLUMN telemetry.workflow_events.recorded_xid IS 'Transaction that stored it; with the epoch and the id, a gap-free reading order';

CREATE FUNCTION telemetry.month_events(p_month timestamp with time zone) RETURNS SETOF telemetry.workflow_events
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select w.*
  from telemetry.workflow_events as w
  where w.event_id >= core.ulid_floor(p_month)
    and w.event_id < core.ulid_floor((p_month at time zone 'UTC' + interval '1 month') at time zone 'UTC')
  order by w.event_id
$$;

ALTER FUNCTION telemetry.month_events(p_month timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.month_events(p_month timestamp with time zone) IS 'Events of a month in id order, every column, for its archive';

CREATE FUNCTION telemetry.month_partition(p_ts timestamp with time zone) RETURNS regclass
    LANGUAGE sql STRICT
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
  select to_regclass(telemetry.partition_name(p_ts))
  where telemetry.has_month(p_ts)  -- waits for a session that is making it
$$;

ALTER FUNCTION telemetry.month_partition(p_ts timestamp with time zone) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.month_partition(p_ts timestamp with time zone) IS 'Partition of the events for the month of a time, or null';

CREATE FUNCTION telemetry.month_tables() RETURNS TABLE(month timestamp with time zone, partition regclass, state text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  select
    m.month,
    c.oid::regclass,
    case
      when i.inhdetachpending then 'detaching'
      when i.inhrelid is not null then 'attached'
      when r.dropped_at is null then 'detached'
      else 'restoring'
    end
  from pg_class as c
  cross join lateral (select to_date(right(c.relname, 8), 'YYYYMMDD')::timestamp at time zone 'UTC' as month) as m
  left join pg_inherits as i on i.inhrelid = c.oid and i.inhparent = 'telemetry.workflow_events'::regclass
  left join telemetry.retired_months as r on r.month = m.month
  where c.relnamespace = 'telemetry'::regnamespace
    and c.relkind = 'r'
    and c.relname ~ '^workflow_events_p[0-9]{4}(0[1-9]|1[0-2])01$'
$_$;

ALTER FUNCTION telemetry.month_tables() OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.month_tables() IS 'Tables that hold months of events: attached, detaching, detached or restoring';

CREATE FUNCTION telemetry.next_events(p_epoch integer, p_xid bigint, p_event_id text, p_horizon bigint, p_limit integer) RETURNS telemetry.counted_event[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    SET plan_cache_mode TO 'force_custom_plan'
    SET jit TO 'off'
    AS $$
begin
  return array(
    select
      (
        e.recorded_xid, e.event_id, e.partition, e.event_name, e.ts, e.run_id, e.item_id, e.workflow_name, e.agent_role,
        e.project_id,
        left(e.known ->> k.keys[1], 128), left(e.known ->> k.keys[2], 128), left(e.known ->> k.keys[3], 128),
        left(e.known ->> k.keys[4], 128),
        (m.known -> 'input_tokens')::numeric, (m.known -> 'cached_input_tokens')::numeric,
        (m.known -> 'output_tokens')::numeric, (m.known -> 'cost_usd_est')::numeric, (m.known -> 'duration_ms')::numeric
      )::telemetry.counted_event
    from (
      select
        w.recorded_xid, w.event_id, w.tableoid as partition, w.event_name, w.ts, w.run_id, w.item_id, w.workflow_name,
        w.agent_role, w.project_id,
        case
          when w.event_version = 1 then w.payload
          when w.payload @@ (
            select t.validator from telemetry.event_types as t
            where t.event_name = w.event_name and t.event_version = 1
          ) then w.payload
        end as known
      from telemetry.workflow_events as w
      where w.recorded_epoch = p_epoch
        and (w.recorded_xid, w.event_id) > (p_xid, p_event_id)
        and (p_horizon is null or w.recorded_xid < p_horizon)
      order by w.recorded_xid, w.event_id
      limit p_limit
    ) as e
    cross join lateral (select telemetry.label_keys(e.event_name) as keys offset 0) as k
    cross join lateral (select case when e.event_name = 'workflow.step_completed' then e.known end as known) as m
    order by e.recorded_xid, e.event_id
  );
end
$$;

ALTER FUNCTION telemetry.next_events(p_epoch integer, p_xid bigint, p_event_id text, p_horizon bigint, p_limit integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.next_events(p_epoch integer, p_xid bigint, p_event_id text, p_horizon bigint, p_limit integer) IS 'The next events in recorded order, with what a refresh of the rollups takes of each';

CREATE FUNCTION telemetry.note_open_month(p_id_ts timestamp with time zone) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
  update core.settings as s
  set open_month = n.month, open_since = pg_postmaster_start_time()
  from (
    select
      k.ctid as row_id,
      tstzrange(date_trunc('month', p_id_ts), date_trunc('month', p_id_ts) + interval '1 month') as month
    from core.settings as k
    where k.system_identifier = (pg_control_system()).system_identifier
      and (k.open_since is distinct from pg_postmaster_start_time() or p_id_ts >= upper(k.open_month))
    for update skip locked
  ) as n
  where s.ctid = n.row_id
$$;

ALTER FUNCTION telemetry.note_open_month(p_id_ts timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.note_open_month(p_id_ts timestamp with time zone) IS 'Notes that the month of an event can be inserted into; once a month and once a run of the server';

CREATE FUNCTION telemetry.open_backfill(p_from timestamp with time zone, p_to timestamp with time zone) RETURNS TABLE(month timestamp with time zone, partition text, created boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
#variable_conflict use_column
declare
  v_floor timestamptz := core.ulid_time(telemetry.retention_floor());
begin
  if p_from is null or p_to is null or p_from >= p_to then
    raise exception using
      errcode = 'PT400', message = 'range is empty', constraint = 'invalid_range',
      detail = format('%s to %s', p_from, p_to), hint = 'p_from lies before p_to';
  elsif p_from < v_floor then
    raise exception using
      errcode = 'PT410', message = 'range begins below the retention floor', constraint = 'below_retention_floor',
      detail = format('%s, floor %s', p_from, v_floor), hint = 'the floor only grows: restore an archive instead';
  elsif p_to > now() + interval '1 month' then
    raise exception using
      errcode = 'PT422', message = 'range ends in the future', constraint = 'in_the_future',
      detail = p_to::text, hint = 'a backfill is of the past';
  end if;
  return query
  select m.month, m.partition, m.created
  from telemetry.make_months(array(
    select generate_series(date_trunc('month', p_from, 'UTC'), p_to - interval '1 microsecond', interval '1 month')
  )) as m;
end
$$;

ALTER FUNCTION telemetry.open_backfill(p_from timestamp with time zone, p_to timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.open_backfill(p_from timestamp with time zone, p_to timestamp with time zone) IS 'Makes the months of a range above the retention floor ahead of a backfill. Errors: PT400, PT410, PT422, 55P03';

CREATE FUNCTION telemetry.partition_name(p_id_ts timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$
  select 'telemetry.workflow_events_p' || to_char(p_id_ts, 'YYYYMM01')
$$;

ALTER FUNCTION telemetry.partition_name(p_id_ts timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.partition_name(p_id_ts timestamp with time zone) IS 'Qualified name of the monthly partition of the time in an event id; time zone UTC';

CREATE FUNCTION telemetry.payload_number(p_payload jsonb, p_key text) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when jsonb_typeof(p_payload -> p_key) = 'number' then (p_payload ->> p_key)::numeric end
$$;

ALTER FUNCTION telemetry.payload_number(p_payload jsonb, p_key text) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.payload_number(p_payload jsonb, p_key text) IS 'A number in a payload; null where it is missing or no number';

CREATE FUNCTION telemetry.raise_refusal(p_position integer, p_event_id text, p_reason text, p_detail text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_code text;
  v_message text;
  v_hint text;
begin
  select r.code, r.message, r.hint into v_code, v_message, v_hint from telemetry.refusal(p_reason) as r;
  raise exception using
    errcode = v_code, message = v_message, constraint = p_reason, hint = v_hint,
    detail = concat_ws(': ', format('event %s, id %s', p_position, coalesce(left(p_event_id, 64), 'none')), p_detail);
end
$$;

ALTER FUNCTION telemetry.raise_refusal(p_position integer, p_event_id text, p_reason text, p_detail text) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.raise_refusal(p_position integer, p_event_id text, p_reason text, p_detail text) IS 'Raises the error that a refused event stands for';

CREATE FUNCTION telemetry.raise_retention_floor() RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '5s'
    AS $$
declare
  v_floor text;
begin
  update core.settings as s
  set retention_floor = core.ulid_floor(date_trunc('month', now() - make_interval(days => s.retention_days), 'UTC'))
  where s.retention_floor
    < core.ulid_floor(date_trunc('month', now() - make_interval(days => s.retention_days), 'UTC')) collate "C";
  v_floor := telemetry.retention_floor();
  insert into telemetry.retired_months (month)
  select t.month from telemetry.month_tables() as t where t.month < core.ulid_time(v_floor)
  on conflict (month) do nothing;
  return v_floor;
end
$$;

ALTER FUNCTION telemetry.raise_retention_floor() OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.raise_retention_floor() IS 'Raises the retention floor by core.settings.retention_days and notes the months below it. Errors: 55P03';

CREATE FUNCTION telemetry.record_archive(p_month timestamp with time zone, p_rows bigint, p_size_bytes bigint, p_content_hash text, p_min_event_id text, p_max_event_id text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
declare
  v_table regclass := telemetry.check_retention_step(p_month => p_month, p_step => 'archive');
  v_found record := telemetry.month_digest(p_table => v_table);
begin
  if (p_rows, p_min_event_id, p_max_event_id)
    is distinct from (v_found.rows, v_found.min_event_id, v_found.max_event_id) then
    raise exception using
      errcode = 'PT409', message = 'the month is not what was sealed, counted and archived', constraint = 'rows_differ',
      detail = format('%s events, %s in the file', v_found.rows, p_rows), hint = 'write the archive again';
  end if;
  insert into telemetry.archives as a (
    month, storage_key, rows, size_bytes, content_hash, rows_hash, min_event_id, max_event_id
  )
  values (
    date_trunc('month', p_month, 'UTC'), telemetry.archive_key(p_month => p_month), p_rows, p_size_bytes, p_content_hash,
    v_found.rows_hash, p_min_event_id, p_max_event_id
  )
  on conflict (month) do update
  set rows = excluded.rows, size_bytes = excluded.size_bytes, content_hash = excluded.content_hash,
    rows_hash = excluded.rows_hash, min_event_id = excluded.min_event_id, max_event_id = excluded.max_event_id,
    archived_at = now();
end
$$;

ALTER FUNCTION telemetry.record_archive(p_month timestamp with time zone, p_rows bigint, p_size_bytes bigint, p_content_hash text, p_min_event_id text, p_max_event_id text) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.record_archive(p_month timestamp with time zone, p_rows bigint, p_size_bytes bigint, p_content_hash text, p_min_event_id text, p_max_event_id text) IS 'Records the archive of a sealed month, not verified yet. Errors: PT404 no_retired_month, PT409 not_due, rows_differ';

CREATE FUNCTION telemetry.refresh_rollups(p_limit integer DEFAULT 20000, OUT events bigint, OUT behind boolean) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET lock_timeout TO '30s'
    AS $$
#variable_conflict use_column
declare
  v_mark record;
  v_epoch integer;
  v_horizon bigint;
  v_batch telemetry.counted_event[];
  v_last telemetry.counted_event;
  v_count integer;
  v_is_over boolean;
begin
  if coalesce(p_limit, 0) not between 1 and 100000 then
    raise exception using
      errcode = 'PT400', message = 'limit is out of range', constraint = 'invalid_limit',
      detail = coalesce(p_limit::text, 'null'), hint = '1 to 100000';
  end if;
  select p.epoch, p.xid, p.event_id into v_mark from telemetry.rollup_progress as p for update;
  v_epoch := core.current_epoch();
  -- Transactions of an older epoch have all ended: they ran in another cluster.
  v_horizon := case when v_mark.epoch = v_epoch then pg_snapshot_xmin(pg_current_snapshot())::text::bigint end;
  v_batch := telemetry.next_events(
    p_epoch => v_mark.epoch, p_xid => v_mark.xid, p_event_id => v_mark.event_id, p_horizon => v_horizon, p_limit => p_limit
  );
  v_count := cardinality(v_batch);
  if v_count > 0 then
    v_last := v_batch[v_count];
    perform telemetry.count_events(v_batch);
    perform telemetry.count_items(v_batch);
    perform telemetry.count_runs(v_batch);
  end if;
  v_is_over := v_mark.epoch < v_epoch and v_count < p_limit;
  update telemetry.rollup_progress as p
  set
    epoch = p.epoch + v_is_over::integer,
    xid = case when v_is_over then 0 else coalesce(v_last.recorded_xid, p.xid) end,
    event_id = case when v_is_over then '' else coalesce(v_last.event_id, p.event_id) end,
    events = p.events + v_count,
    refreshed_at = clock_timestamp();
  events := v_count::bigint;
  behind := v_count = p_limit or v_is_over;
end
$$;

ALTER FUNCTION telemetry.refresh_rollups(p_limit integer, OUT events bigint, OUT behind boolean) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.refresh_rollups(p_limit integer, OUT events bigint, OUT behind boolean) IS 'Counts the next events into the rollups, each committed event once; call again while behind. Errors: PT400 invalid_limit, 55P03, 40001';

CREATE FUNCTION telemetry.refusal(p_reason text, OUT code text, OUT message text, OUT hint text) RETURNS record
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select r.code, r.message, r.hint
  from (
    values
    ('not_an_object', 'PT400', 'event is not a JSON object', 'send an object with event_id, event_name and payload'),
    ('unknown_key', 'PT400', 'event has a key that is not known', 'put it into payload or metadata'),
    ('missing_event_id', 'PT400', 'event has no event_id', 'make a ULID once for each event and keep it for retries'),
    ('invalid_event_id', 'PT400', 'event_id is not a ULID', '26 characters of upper-case Crockford base32'),
    ('invalid_field', 'PT400', 'a field of the event has a value of the wrong kind',
      'names and ids are strings of at most 500 characters, event_version is a number, metadata an object'),
    ('invalid_ts', 'PT400', 'ts is not a timestamp', 'use ISO 8601 with a zone, such as 2026-01-31T12:00:00Z'),
    ('event_too_large', 'PT413', 'event is over max_event_bytes', 'write large content as an artifact and refer to it'),
    ('unknown_event_type', 'PT422', 'event type is not registered', 'register it with telemetry.register_event_type'),
    ('below_retention_floor', 'PT410', 'event id is below the retention floor',
      'events of that time have been dropped; see telemetry.retention_floor()'),
    ('in_the_future', 'PT422', 'event id lies too far in the future', 'set the clock of the sender'),
    ('ts_skew', 'PT422', 'ts is too far from the time in event_id', 'leave ts out, or make the id from ts'),
    ('invalid_payload', 'PT422', 'payload is not a JSON object', 'send the facts of the event as an object'),
    ('contract', 'PT422', 'payload does not fulfil the contract of its event type',
      'see telemetry.event_types for the contract')
  ) as r (reason, code, message, hint)
  where r.reason = p_reason
$$;

ALTER FUNCTION telemetry.refusal(p_reason text, OUT code text, OUT message text, OUT hint text) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.refusal(p_reason text, OUT code text, OUT message text, OUT hint text) IS 'SQLSTATE, message and hint of a reason for refusing an event';

CREATE FUNCTION telemetry.refusal_reason(p_doc jsonb, p_floor text, p_ceiling timestamp with time zone, p_max_skew interval, p_max_bytes integer, OUT reason text, OUT detail text) RETURNS record
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
  select
    v.reason,
    case v.reason
      when 'contract' then left(telemetry.contract_violation(v.contract, v.payload), 500)
      when 'unknown_event_type' then left(format('%s version %s', v.event_name, v.event_version), 200)
      when 'unknown_key' then left(v.unknown_keys, 200)
      when 'invalid_ts' then left(v.ts, 64)
      when 'ts_skew' then left(v.ts, 64)
      when 'event_too_large' then format('%s bytes, limit %s', pg_column_size(p_doc), p_max_bytes)
    end
  from (
    select
      e.*,
      t.contract,
      case
        when jsonb_typeof(p_doc) <> 'object' then 'not_an_object'
        when e.unknown_keys is not null then 'unknown_key'
        when e.event_id is null then 'missing_event_id'
        when octet_length(e.event_id) <> 26 or e.event_id collate "C" >= '8' or e.event_id ~ '[^0-9A-HJKMNP-TV-Z]'
          then 'invalid_event_id'
        when jsonb_typeof(p_doc -> 'event_id') <> 'string' or jsonb_typeof(p_doc -> 'event_name') is distinct from 'string'
          or jsonb_typeof(p_doc -> 'event_version') <> 'number'
          or jsonb_typeof(p_doc -> 'metadata') not in ('object', 'null')
          or exists (
            select
            from unnest(array['run_id', 'item_id', 'workflow_name', 'agent_role', 'project_id']) as f (name)
            where jsonb_typeof(p_doc -> f.name) not in ('string', 'null') or length(p_doc ->> f.name) > 500
          ) then 'invalid_field'
        when jsonb_typeof(p_doc -> 'ts') <> 'string' and e.ts is not null
          or e.ts is not null and telemetry.given_ts(p_doc) is null then 'invalid_ts'
        when pg_column_size(p_doc) > p_max_bytes then 'event_too_large'
        when t.event_name is null then 'unknown_event_type'
        when e.event_id collate "C" < p_floor then 'below_retention_floor'
        when core.ulid_time(e.event_id) > p_ceiling then 'in_the_future'
        when telemetry.given_ts(p_doc) - core.ulid_time(e.event_id) not between -p_max_skew and p_max_skew then 'ts_skew'
        when jsonb_typeof(e.payload) is distinct from 'object' then 'invalid_payload'
        when telemetry.contract_violation(t.contract, e.payload) is not null then 'contract'
      end as reason
    from (
      select
        p_doc ->> 'event_id' as event_id,
        p_doc ->> 'event_name' as event_name,
        coalesce(p_doc ->> 'event_version', '1') as event_version,
        p_doc ->> 'ts' as ts,
        p_doc -> 'payload' as payload,
        (
          select string_agg(k.key, ', ' order by k.key)
          from jsonb_object_keys(case when jsonb_typeof(p_doc) = 'object' then p_doc else '{}' end) as k (key)
          where k.key <> all (array[
            'event_id', 'event_version', 'event_name', 'ts', 'run_id', 'item_id', 'workflow_name', 'agent_role',
            'payload', 'project_id', 'metadata'
          ])
        ) as unknown_keys
    ) as e
    left join telemetry.event_types as t
      on t.event_name = e.event_name and t.event_version::text = e.event_version
  ) as v
$$;

ALTER FUNCTION telemetry.refusal_reason(p_doc jsonb, p_floor text, p_ceiling timestamp with time zone, p_max_skew interval, p_max_bytes integer, OUT reason text, OUT detail text) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.refusal_reason(p_doc jsonb, p_floor text, p_ceiling timestamp with time zone, p_max_skew interval, p_max_bytes integer, OUT reason text, OUT detail text) IS 'Why an event is refused, with the values behind it; null when it may be stored';

CREATE FUNCTION telemetry.register_event_type(p_event_name text, p_contract jsonb, p_event_version integer DEFAULT 1, p_description text DEFAULT ''::text, OUT event_name text, OUT event_version integer, OUT created boolean) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
#variable_conflict use_column
declare
  v_problem text := telemetry.contract_problem(p_contract);
  v_stored jsonb;
begin
  if v_problem is not null then
    raise exception using
      errcode = 'PT400', message = 'contract is not usable', constraint = 'invalid_contract', detail = v_problem,
      hint = 'required and properties with type, enum, minimum, maximum, maxLength, description';
  elsif coalesce(p_event_name, '') !~ '^[a-z][a-z0-9_]*([.][a-z][a-z0-9_]*)+$' or length(p_event_name) > 100
    or coalesce(p_event_version, 0) < 1 then
    raise exception using
      errcode = 'PT400', message = 'event name or version is malformed', constraint = 'invalid_event_name',
      detail = format('%s version %s', left(p_event_name, 100), p_event_version),
      hint = 'dotted lower-case words such as workflow.step_completed, version from 1';
  end if;
  insert into telemetry.event_types (event_name, event_version, description, contract)
  values (p_event_name, p_event_version, coalesce(p_description, ''), p_contract)
  on conflict (event_name, event_version) do nothing;
  created := found;
  if not created then
    select t.contract into v_stored from telemetry.event_types as t
    where t.event_name = p_event_name and t.event_version = p_event_version;
    if v_stored is distinct from p_contract then
      raise exception using
        errcode = 'PT409', message = 'event type is registered with another contract', constraint = 'contract_exists',
        detail = format('%s version %s', p_event_name, p_event_version), hint = 'register the next version';
    end if;
  end if;
  event_name := p_event_name;
  event_version := p_event_version;
end
$_$;

ALTER FUNCTION telemetry.register_event_type(p_event_name text, p_contract jsonb, p_event_version integer, p_description text, OUT event_name text, OUT event_version integer, OUT created boolean) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.register_event_type(p_event_name text, p_contract jsonb, p_event_version integer, p_description text, OUT event_name text, OUT event_version integer, OUT created boolean) IS 'Registers the payload contract of an event name and version, for ever. Errors: PT400, PT409 contract_exists';

CREATE FUNCTION telemetry.restore_events(p_month timestamp with time zone, p_rows jsonb) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $_$
declare
  v_rows integer;
begin
  execute format(
    $insert$
      insert into %s (
        event_id, event_version, event_name, ts, run_id, item_id, workflow_name, agent_role, payload, project_id,
        metadata, recorded_at, recorded_epoch, recorded_xid
      )
      select
        r.event_id, r.event_version, r.event_name, r.ts, r.run_id, r.item_id, r.workflow_name, r.agent_role,
        r.payload::jsonb, r.project_id, r.metadata::jsonb, r.recorded_at, r.recorded_epoch, r.recorded_xid
      from jsonb_to_recordset($1) as r (
        event_id text, event_version integer, event_name text, ts timestamptz, run_id text, item_id text,
        workflow_name text, agent_role text, payload text, project_id text, metadata text, recorded_at timestamptz,
        recorded_epoch integer, recorded_xid bigint
      )
      on conflict (event_id) do nothing
    $insert$,
    telemetry.restoring_table(p_month => p_month)
  ) using p_rows;
  get diagnostics v_rows = row_count;
  return v_rows;
end
$_$;

ALTER FUNCTION telemetry.restore_events(p_month timestamp with time zone, p_rows jsonb) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.restore_events(p_month timestamp with time zone, p_rows jsonb) IS 'Puts rows of an archive into the month that is being restored. Errors: PT409 not_restoring';

CREATE FUNCTION telemetry.restoring_table(p_month timestamp with time zone) RETURNS regclass
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_month timestamptz := date_trunc('month', p_month, 'UTC');
  v_table regclass;
begin
  perform from telemetry.retired_months as r where r.month = v_month for update;
  select t.partition into v_table from telemetry.month_tables() as t where t.month = v_month and t.state = 'restoring';
  if v_table is null then
    raise exception using
      errcode = 'PT409', message = 'the month is not being restored', constraint = 'not_restoring',
      detail = coalesce(p_month::text, 'null'), hint = 'telemetry.begin_restore comes first';
  end if;
  return v_table;
end
$$;

ALTER FUNCTION telemetry.restoring_table(p_month timestamp with time zone) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.restoring_table(p_month timestamp with time zone) IS 'Table of a month that is being restored. Errors: PT409 not_restoring';

CREATE FUNCTION telemetry.retention_floor() RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select s.retention_floor from core.settings as s
$$;

ALTER FUNCTION telemetry.retention_floor() OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.retention_floor() IS 'Least event id (ULID) that is accepted; ids below it were dropped by retention. It only grows';

CREATE FUNCTION telemetry.retention_status(OUT months_ahead integer, OUT oldest_month timestamp with time zone, OUT retention_floor timestamp with time zone, OUT waiting_months integer, OUT overdue_months integer) RETURNS record
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
  select
    (
      select coalesce(min(n.nth), 25) - 1
      from generate_series(1, 25) as n (nth)
      where not exists (
        select from telemetry.month_tables() as t
        where t.state = 'attached' and t.month = date_trunc('month', now()) + make_interval(months => n.nth)
      )
    ),
    min(t.month) filter (where t.state = 'attached'),
    core.ulid_time(s.retention_floor),
    count(*) filter (where t.month < core.ulid_time(s.retention_floor))::integer,
    count(*) filter (
      where now() > greatest(r.raised_at + s.retention_grace, r.kept_until, r.restoring_since) + interval '2 days'
    )::integer
  from core.settings as s
  left join telemetry.month_tables() as t on true
  left join telemetry.retired_months as r on r.month = t.month
  group by s.retention_floor
$$;

ALTER FUNCTION telemetry.retention_status(OUT months_ahead integer, OUT oldest_month timestamp with time zone, OUT retention_floor timestamp with time zone, OUT waiting_months integer, OUT overdue_months integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.retention_status(OUT months_ahead integer, OUT oldest_month timestamp with time zone, OUT retention_floor timestamp with time zone, OUT waiting_months integer, OUT overdue_months integer) IS 'Months made ahead, the oldest month, the floor, and how many months below it are still there or overdue';

CREATE FUNCTION telemetry.retention_steps() RETURNS TABLE(month timestamp with time zone, partition text, step text, reason text)
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select d.month, d.partition::text, coalesce(d.step, 'wait'), case when d.step is null then d.reason end
  from (
    select
      t.month,
      t.partition,
      w.reason,
      case
        when t.state = 'restoring' then case when now() > r.restoring_since + interval '1 day' then 'drop' end
        when w.reason in ('restored', 'grace') then null
        when r.sealed_at is null then 'seal'
        when t.state = 'detaching' then 'finalize'
        when t.state = 'detached' and (not n.is_counted or n.lacks_archive) then 'attach'
        when not n.is_counted then null
        when n.lacks_archive then 'archive'
        when t.state = 'attached' then 'detach'
        else 'drop'
      end as step
    from telemetry.month_tables() as t
    inner join telemetry.retired_months as r on r.month = t.month
    cross join core.settings as s
    left join telemetry.archives as a on a.month = t.month
    left join telemetry.month_rollups as m on m.month = t.month
    cross join lateral (
      select
        coalesce(m.events, 0) = r.events as is_counted,
        s.archive_enabled and a.verified_at is null as lacks_archive
    ) as n
    cross join lateral (
      select case
        when t.state = 'restoring' then 'restoring'
        when now() < r.kept_until then 'restored'
        when now() < r.raised_at + s.retention_grace then 'grace'
        else 'not_counted'
      end as reason
    ) as w
  ) as d
  order by d.month
$$;

ALTER FUNCTION telemetry.retention_steps() OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.retention_steps() IS 'What is to be done next with each month below the retention floor that is still there';

CREATE FUNCTION telemetry.run_timeline(p_run_id text, p_limit integer DEFAULT 1000, p_after_ts timestamp with time zone DEFAULT NULL::timestamp with time zone, p_after_id text DEFAULT NULL::text) RETURNS TABLE(event_id text, event_version integer, event_name text, ts timestamp with time zone, run_id text, item_id text, workflow_name text, agent_role text, payload jsonb, project_id text, metadata jsonb, recorded_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
#variable_conflict use_column
declare
  -- in seconds: a month would be longer or shorter than the 30 days that it counts when an event is checked
  v_skew interval := (select make_interval(secs => extract(epoch from s.max_ts_skew)) from core.settings as s);
  v_first text := '';
begin
  if p_run_id is null then
    raise exception using
      errcode = 'PT400', message = 'the run is missing', constraint = 'invalid_run', detail = 'null',
      hint = 'give the run_id of the events';
  elsif coalesce(p_limit, 0) not between 1 and 10000 then
    raise exception using
      errcode = 'PT400', message = 'limit is out of range', constraint = 'invalid_limit',
      detail = coalesce(p_limit::text, 'null'), hint = '1 to 10000';
  elsif num_nulls(p_after_ts, p_after_id) = 1 then
    raise exception using
      errcode = 'PT400', message = 'the cursor is incomplete', constraint = 'invalid_cursor',
      detail = format('ts %s, event_id %s', p_after_ts, left(p_after_id, 26)),
      hint = 'ts and event_id of the event that ended the previous page';
  elsif p_after_id is not null then
    perform core.ulid_time(p_after_id);
    v_first := core.ulid_floor(least(greatest(p_after_ts, '1970-01-01'::timestamptz + v_skew) - v_skew, '9999-01-01'));
  end if;
  return query
  select
    w.event_id, w.event_version, w.event_name, w.ts, w.run_id, w.item_id, w.workflow_name, w.agent_role, w.payload,
    w.project_id, w.metadata, w.recorded_at
  from telemetry.workflow_events as w
  where w.run_id = p_run_id
    and w.event_id >= v_first
    and (p_after_ts is null or (w.ts, w.event_id) > (p_after_ts, p_after_id))
  order by w.ts, w.event_id
  limit p_limit;
end
$$;

ALTER FUNCTION telemetry.run_timeline(p_run_id text, p_limit integer, p_after_ts timestamp with time zone, p_after_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.run_timeline(p_run_id text, p_limit integer, p_after_ts timestamp with time zone, p_after_id text) IS 'Events of a run in the order of ts, then id, by keyset pages. Errors: PT400';

CREATE FUNCTION telemetry.seal_month(p_month timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET lock_timeout TO '2s'
    AS $$
declare
  v_table regclass;
  v_events bigint;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using
      errcode = 'PT400', message = 'isolation level is not usable', constraint = 'invalid_isolation',
      detail = current_setting('transaction_isolation'), hint = 'the count must see what was committed before the lock: read committed';
  end if;
  v_table := telemetry.check_retention_step(p_month => p_month, p_step => 'seal');
  perform telemetry.guard_month(p_table => v_table);
  execute format('select count(*) from %s', v_table) into v_events;
  update telemetry.retired_months as r
  set sealed_at = clock_timestamp(), events = v_events
  where r.month = date_trunc('month', p_month, 'UTC');
  return v_events;
end
$$;

ALTER FUNCTION telemetry.seal_month(p_month timestamp with time zone) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.seal_month(p_month timestamp with time zone) IS 'Seals a month below the retention floor against every writer and counts it. Errors: PT400, PT404, PT409 not_due, 55P03';

CREATE FUNCTION telemetry.settle_batch(p_batch telemetry.checked_event[], p_created text[]) RETURNS TABLE("position" integer, event_id text, status text, code text, reason text, detail text)
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
  with settled as materialized (
    select
      b.position,
      b.event_id,
      b.reason,
      b.detail,
      case
        when b.reason is not null then 'refused'
        -- the first of an id in the batch is the one that the insert took
        when c.event_id is not null and b.nth = 1 then 'created'
        when b.event_version = e.event_version and b.event_name = e.event_name and b.ts = e.ts
          and b.payload = e.payload
          and b.run_id is not distinct from e.run_id
          and b.item_id is not distinct from e.item_id
          and b.workflow_name is not distinct from e.workflow_name
          and b.agent_role is not distinct from e.agent_role
          and b.project_id is not distinct from e.project_id then 'duplicate'
        else 'conflict'
      end as status
    from (
      select u.*, row_number() over (partition by u.event_id, u.reason is null order by u.position) as nth
      from unnest(p_batch) as u
    ) as b
    left join unnest(p_created) as c (event_id) on c.event_id = b.event_id and b.reason is null
    left join lateral (
      select w.event_version, w.event_name, w.ts, w.payload, w.run_id, w.item_id, w.workflow_name, w.agent_role,
        w.project_id
      from telemetry.workflow_events as w
      where w.event_id = b.event_id and b.reason is null and (c.event_id is null or b.nth > 1)
      offset 0
    ) as e on true
  ),
  counted as (
    insert into telemetry.ingest_counts (duplicates, conflicts)
    select n.duplicates, n.conflicts
    from (
      select
        count(*) filter (where s.status = 'duplicate') as duplicates,
        count(*) filter (where s.status = 'conflict') as conflicts
      from settled as s
    ) as n
    where n.duplicates + n.conflicts > 0
  )
  select s.position, s.event_id, s.status, r.code, s.reason, coalesce(s.detail, r.message)
  from settled as s
  left join lateral telemetry.refusal(s.reason) as r on s.reason is not null
  order by s.position
$$;

ALTER FUNCTION telemetry.settle_batch(p_batch telemetry.checked_event[], p_created text[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.settle_batch(p_batch telemetry.checked_event[], p_created text[]) IS 'Status of each event of a batch, known ids compared with what is stored; counts duplicates and conflicts';

CREATE FUNCTION telemetry.settle_items(p_changes telemetry.state_changes[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET work_mem TO '64MB'
    SET jit TO 'off'
    AS $$
declare
  v_item_ids text[] := array(select distinct c.item_id from unnest(p_changes) as c);
  v_types text[];
  v_seconds numeric[];
begin
  insert into telemetry.state_changes select c.* from unnest(p_changes) as c;

  select array_agg(c.item_type), array_agg(c.seconds) into v_types, v_seconds
  from telemetry.cycle_times(p_changes) as c;
  if v_types is not null then
    perform telemetry.count_cycles(v_types, v_seconds);
  end if;

  insert into telemetry.item_rollups (
    item_id, item_type, state, outcome, started_at, ended_at, state_since, state_event_id, state_seconds, transitions,
    bounces, state_bounces
  )
  select
    f.item_id, f.item_type, f.state, o.outcome, f.started_at, case when o.outcome is not null then f.state_since end,
    f.state_since, f.state_event_id, f.state_seconds, f.transitions, f.bounces, f.state_bounces
  from telemetry.state_facts(p_changes) as f
  cross join lateral (select telemetry.state_outcome(f.state) as outcome) as o
  on conflict (item_id, item_type) do update set
    state = excluded.state,
    outcome = excluded.outcome,
    started_at = excluded.started_at,
    ended_at = excluded.ended_at,
    state_since = excluded.state_since,
    state_event_id = excluded.state_event_id,
    state_seconds = excluded.state_seconds,
    transitions = excluded.transitions,
    bounces = excluded.bounces,
    state_bounces = excluded.state_bounces;

  with first_types as (
    select distinct on (r.item_id) r.item_id, r.item_type
    from telemetry.item_rollups as r
    where r.item_id = any (v_item_ids) and r.item_type <> ''
    order by r.item_id, r.started_at, r.item_type
  ),
  emptied as (
    update telemetry.item_rollups as r
    set
      project_id = null, events = 0, steps = 0, failed_steps = 0, input_tokens = 0, cached_input_tokens = 0,
      output_tokens = 0, cost_usd = 0
    from first_types as t
    where r.item_id = t.item_id and r.item_type <> t.item_type and r.events > 0
    returning
      t.item_id, t.item_type, old.project_id, old.events, old.steps, old.failed_steps, old.input_tokens,
      old.cached_input_tokens, old.output_tokens, old.cost_usd
  )
  update telemetry.item_rollups as r
  set
    project_id = e.project_id, events = e.events, steps = e.steps, failed_steps = e.failed_steps,
    input_tokens = e.input_tokens, cached_input_tokens = e.cached_input_tokens, output_tokens = e.output_tokens,
    cost_usd = e.cost_usd
  from emptied as e  -- one row an item holds it all
  where r.item_id = e.item_id and r.item_type = e.item_type;

  delete from telemetry.item_rollups as r where r.item_id = any (v_item_ids) and r.item_type = '';
end
$$;

ALTER FUNCTION telemetry.settle_items(p_changes telemetry.state_changes[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.settle_items(p_changes telemetry.state_changes[]) IS 'Adds new changes of state to the rollups by item';

CREATE FUNCTION telemetry.snapshot_horizon(OUT epoch integer, OUT xid bigint, OUT next_xid bigint) RETURNS record
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
    s.epoch + (s.system_identifier <> c.system_identifier)::integer,
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
    pg_snapshot_xmax(pg_current_snapshot())::text::bigint
  from core.settings as s
  cross join pg_control_system() as c
$$;

ALTER FUNCTION telemetry.snapshot_horizon(OUT epoch integer, OUT xid bigint, OUT next_xid bigint) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.snapshot_horizon(OUT epoch integer, OUT xid bigint, OUT next_xid bigint) IS 'Epoch and transaction id below which no event will be added any more';

CREATE FUNCTION telemetry.state_changed_event(p_item_type text, p_item_id text, p_from_state text, p_to_state text, p_run_id text DEFAULT NULL::text, p_workflow_name text DEFAULT NULL::text, p_agent_role text DEFAULT NULL::text, p_project_id text DEFAULT NULL::text, p_reason text DEFAULT NULL::text, p_actor text DEFAULT NULL::text, p_time_in_state_seconds double precision DEFAULT NULL::double precision) RETURNS jsonb
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select jsonb_strip_nulls(jsonb_build_object(
    'event_id', core.new_ulid(),
    'event_name', 'workflow.item_state_changed',
    'ts', clock_timestamp(),
    'item_id', p_item_id,
    'run_id', p_run_id,
    'workflow_name', p_workflow_name,
    'agent_role', p_agent_role,
    'project_id', p_project_id
  )) || jsonb_build_object('payload', jsonb_build_object('from_state', p_from_state) || jsonb_strip_nulls(jsonb_build_object(
    'item_type', p_item_type,
    'to_state', p_to_state,
    'reason', p_reason,
    'actor', p_actor,
    'time_in_state_seconds', case when p_time_in_state_seconds is not null then greatest(p_time_in_state_seconds, 0) end
  )))
$$;

ALTER FUNCTION telemetry.state_changed_event(p_item_type text, p_item_id text, p_from_state text, p_to_state text, p_run_id text, p_workflow_name text, p_agent_role text, p_project_id text, p_reason text, p_actor text, p_time_in_state_seconds double precision) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.state_changed_event(p_item_type text, p_item_id text, p_from_state text, p_to_state text, p_run_id text, p_workflow_name text, p_agent_role text, p_project_id text, p_reason text, p_actor text, p_time_in_state_seconds double precision) IS 'The event of a change of state, with a new id, to be stored in the same transaction as the change';

CREATE FUNCTION telemetry.state_facts(p_changes telemetry.state_changes[]) RETURNS TABLE(item_id text, item_type text, state text, started_at timestamp with time zone, state_since timestamp with time zone, state_event_id text, state_seconds jsonb, transitions bigint, bounces bigint, state_bounces jsonb)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET work_mem TO '64MB'
    SET jit TO 'off'
    AS $$
  with items as materialized (
    select
      n.item_id, n.item_type, f.from_state as first_state, k.state, k.started_at, k.state_since, k.state_seconds,
      k.transitions, k.state_bounces,
      coalesce(k.state_event_id, '~') as state_event_id  -- above every id: what is not known is behind all of its time
    from (
      select distinct on (c.item_id, c.item_type) c.item_id, c.item_type, c.ts, c.event_id
      from unnest(p_changes) as c
      order by c.item_id, c.item_type, c.ts, c.event_id
    ) as n
    cross join lateral (
      select c.from_state
      from telemetry.state_changes as c
      where c.item_id = n.item_id and c.item_type = n.item_type
      order by c.ts, c.event_id
      limit 1
    ) as f
    left join telemetry.item_rollups as k
      on k.item_id = n.item_id and k.item_type = n.item_type
      and (n.ts, n.event_id) > (k.state_since, coalesce(k.state_event_id, '~'))
  ),
  spans as (
    select
      s.item_id, s.item_type, s.to_state, s.ts, s.event_id, s.is_new, s.changes, s.first_at,
      lead(s.ts) over w as left_at,
      -- a state that is reported again has not been entered again
      s.is_new and s.to_state is distinct from coalesce(lag(s.to_state) over w, s.first_state) as is_entered
    from (
      select
        i.item_id, i.item_type, i.state as to_state, i.state_since as ts, i.state_event_id as event_id, false as is_new,
        i.transitions as changes, i.started_at as first_at, i.first_state
      from items as i
      where i.state is not null
      union all
      select c.item_id, c.item_type, c.to_state, c.ts, c.event_id, true, 1, c.ts, i.first_state
      from items as i
      inner join telemetry.state_changes as c
        on c.item_id = i.item_id and c.item_type = i.item_type
        and (c.ts, c.event_id) > (coalesce(i.state_since, '-infinity'), i.state_event_id)
    ) as s
    window w as (partition by s.item_id, s.item_type order by s.ts, s.event_id)
  ),
  visits as (
    select
      v.item_id, v.item_type, v.state,
      sum(v.seconds) as seconds,
      sum(v.changes) as changes,
      min(v.first_at) as first_at,
      max(v.state_since) as state_since,
      max(v.state_event_id) as state_event_id,
      sum(v.entries) - (not bool_or(v.was_there))::integer as bounces
    from (
      select
        s.item_id, s.item_type, s.to_state as state, not s.is_new as was_there, s.is_entered::integer as entries, s.changes,
        s.first_at, extract(epoch from s.left_at - s.ts) as seconds,
        case when s.left_at is null then s.ts end as state_since,
        case when s.left_at is null then s.event_id end as state_event_id
      from spans as s
      union all  -- where it was before its first change that is known
      select i.item_id, i.item_type, i.first_state, true, 0, 0, null, null, null, null
      from items as i
      where i.first_state is not null
      union all  -- what is counted
      select i.item_id, i.item_type, e.key, true, 0, 0, null, e.value::numeric, null, null
      from items as i
      cross join lateral jsonb_each(i.state_seconds) as e
      union all
      select i.item_id, i.item_type, e.key, true, e.value::integer, 0, null, null, null, null
      from items as i
      cross join lateral jsonb_each(i.state_bounces) as e
    ) as v
    group by v.item_id, v.item_type, v.state
  )
  select
    v.item_id, v.item_type,
    max(v.state) filter (where v.state_since is not null),
    min(v.first_at),
    max(v.state_since),
    max(v.state_event_id),
    coalesce(jsonb_object_agg(v.state, v.seconds) filter (where v.seconds is not null), '{}'),
    sum(v.changes)::bigint,
    sum(v.bounces)::bigint,
    coalesce(jsonb_object_agg(v.state, v.bounces) filter (where v.bounces > 0), '{}')
  from visits as v
  group by v.item_id, v.item_type
$$;

ALTER FUNCTION telemetry.state_facts(p_changes telemetry.state_changes[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.state_facts(p_changes telemetry.state_changes[]) IS 'State, time in each state and bounces of items with new changes of state, in the order of time';

CREATE FUNCTION telemetry.state_outcome(p_state text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select case
    when s.name in (
      'succeeded', 'success', 'completed', 'complete', 'done', 'closed', 'resolved', 'merged', 'released', 'deployed',
      'shipped', 'accepted'
    ) then 'succeeded'
    when s.name in ('failed', 'failure', 'error', 'errored', 'timed_out') then 'failed'
    when s.name in ('cancelled', 'canceled', 'aborted', 'abandoned', 'rejected', 'skipped', 'wont_do', 'wont_fix')
      then 'cancelled'
  end
  from (select translate(lower(p_state), ' -''', '__') as name) as s
$$;

ALTER FUNCTION telemetry.state_outcome(p_state text) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.state_outcome(p_state text) IS 'What a state means: succeeded, failed, cancelled, or null for one that is not final';

CREATE FUNCTION telemetry.training_agent_events(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) RETURNS TABLE(event_id text, event_name text, event_version integer, ts timestamp with time zone, run_id text, item_id text, workflow_name text, agent_role text, project_id text, payload jsonb, metadata jsonb)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select
    w.event_id, w.event_name, w.event_version, w.ts, w.run_id, w.item_id, w.workflow_name, w.agent_role, w.project_id,
    w.payload, w.metadata
  from telemetry.workflow_events as w
  where w.event_id >= (
      select core.ulid_floor(greatest(p_from - make_interval(secs => extract(epoch from s.max_ts_skew)), '1970-01-01Z'))
      from core.settings as s
    )
    and w.event_id < (
      select core.ulid_floor(p_to + make_interval(secs => extract(epoch from s.max_ts_skew)) + interval '1 millisecond')
      from core.settings as s
    )
    and w.ts >= p_from
    and w.ts < p_to
    and (w.recorded_epoch, w.recorded_xid) < (p_epoch, p_xid)
  order by w.event_id
$$;

ALTER FUNCTION telemetry.training_agent_events(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.training_agent_events(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) IS 'Events of a time range below a horizon, as they were reported, in id order. Errors: PT400';

CREATE FUNCTION telemetry.training_workflow_data(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) RETURNS TABLE(event_id text, event_name text, ts timestamp with time zone, run_id text, item_id text, workflow_name text, agent_role text, project_id text, step_name text, status text, model text, duration_ms numeric, input_tokens numeric, cached_input_tokens numeric, output_tokens numeric, cost_usd_est numeric, retry_count numeric, error text, item_type text, from_state text, to_state text, reason text, actor text)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select
    e.event_id, e.event_name, e.ts, e.run_id, e.item_id, e.workflow_name, e.agent_role, e.project_id,
    e.payload ->> 'step_name', e.payload ->> 'status', e.payload ->> 'model',
    telemetry.payload_number(e.payload, 'duration_ms'),
    telemetry.payload_number(e.payload, 'input_tokens'),
    telemetry.payload_number(e.payload, 'cached_input_tokens'),
    telemetry.payload_number(e.payload, 'output_tokens'),
    telemetry.payload_number(e.payload, 'cost_usd_est'),
    telemetry.payload_number(e.payload, 'retry_count'),
    e.payload ->> 'error',
    e.payload ->> 'item_type', e.payload ->> 'from_state', e.payload ->> 'to_state', e.payload ->> 'reason',
    e.payload ->> 'actor'
  from telemetry.training_agent_events(p_from => p_from, p_to => p_to, p_epoch => p_epoch, p_xid => p_xid) as e
  where e.event_name in ('workflow.step_completed', 'workflow.item_state_changed')
  order by e.event_id collate "C"
$$;

ALTER FUNCTION telemetry.training_workflow_data(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.training_workflow_data(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) IS 'Steps and state changes of a time range below a horizon, one column a fact, in id order. Errors: PT400';

CREATE FUNCTION work.abort_open_uploads() RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  with aborted as (
    select work.finish_upload(p_upload_id => u.upload_id, p_state => 'aborted', p_result_version => null)
    from work.artifact_uploads as u
    where u.state = 'open'
  )
  select count(*) from aborted
$$;

ALTER FUNCTION work.abort_open_uploads() OWNER TO pylayer_api;

COMMENT ON FUNCTION work.abort_open_uploads() IS 'Gives every open upload up, after the data came back from a backup';

CREATE FUNCTION work.abort_upload(p_upload_id text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_upload work.artifact_uploads := work.lock_upload(p_upload_id => p_upload_id);
begin
  if v_upload.state in ('committed', 'unchanged') then
    raise exception using
      errcode = 'PT409', message = 'the upload is committed', constraint = 'already_committed',
      detail = format('upload %s, artifact %s, version %s', p_upload_id, v_upload.artifact_id, v_upload.result_version),
      hint = 'a version is never taken back; write another one';
  end if;
  if v_upload.state <> 'open' then
    return false;
  end if;
  perform work.finish_upload(p_upload_id => p_upload_id, p_state => 'aborted', p_result_version => null);
  return true;
end
$$;

ALTER FUNCTION work.abort_upload(p_upload_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.abort_upload(p_upload_id text) IS 'Gives an upload up; true when it was open. Errors: PT404 no_upload, PT409 already_committed';

CREATE FUNCTION work.add_comment(p_item_id text, p_body text, p_author text DEFAULT NULL::text, p_is_ai boolean DEFAULT false, p_user_id text DEFAULT NULL::text, p_agent_id text DEFAULT NULL::text, p_metadata jsonb DEFAULT NULL::jsonb, p_github_node_id text DEFAULT NULL::text, p_comment_id text DEFAULT NULL::text) RETURNS work.comment_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_id text := coalesce(p_comment_id, core.new_ulid());
  v_comment work.comment_info;
begin
  perform work.check_comment(
    p_body => p_body, p_is_ai => p_is_ai, p_user_id => p_user_id, p_metadata => p_metadata,
    p_github_node_id => p_github_node_id, p_comment_id => p_comment_id
  );
  perform work.check_context(p_actor => p_author);
  perform work.check_references(p_project_id => null, p_item_id => coalesce(p_item_id, ''));
  perform work.check_assignee(p_user_id => p_user_id, p_agent_id => p_agent_id);
  insert into work.comments (
    comment_id, item_id, body, author, is_ai, author_user_id, author_agent_id, github_node_id, metadata
  )
  values (
    v_id, p_item_id, p_body, coalesce(p_author, session_user), coalesce(p_is_ai, false) or p_agent_id is not null, p_user_id,
    p_agent_id, p_github_node_id, p_metadata
  )
  on conflict do nothing;
  -- A statement of its own sees the row that a session committed while the one above waited for it.
  select
    c.comment_id::text, c.item_id, c.body, c.author, c.is_ai, c.author_user_id::text, c.author_agent_id, c.github_node_id,
    c.metadata, c.created_at, c.edited_at, c.edited_by
  into v_comment
  from work.comments as c
  where (c.comment_id = v_id or c.github_node_id = p_github_node_id)
    and c.github_node_id is not distinct from p_github_node_id
    and c.item_id = p_item_id
    and c.body = p_body
    and c.deleted_at is null;
  if not found then
    raise exception using
      errcode = 'PT409', message = 'there is another comment with this id', constraint = 'comment_exists',
      detail = format('comment %s, node %s', v_id, p_github_node_id), hint = 'work.edit_comment edits that one; take another id, or none';
  end if;
  return v_comment;
end
$$;

ALTER FUNCTION work.add_comment(p_item_id text, p_body text, p_author text, p_is_ai boolean, p_user_id text, p_agent_id text, p_metadata jsonb, p_github_node_id text, p_comment_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.add_comment(p_item_id text, p_body text, p_author text, p_is_ai boolean, p_user_id text, p_agent_id text, p_metadata jsonb, p_github_node_id text, p_comment_id text) IS 'Adds a comment to an item; safe to repeat with an id. Errors: PT400, PT404, PT409 comment_exists, PT413 comment_limit';

CREATE FUNCTION work.add_dependency(p_item_id text, p_depends_on_item_id text, p_actor text DEFAULT NULL::text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform work.check_context(p_actor => p_actor);
  perform work.check_references(p_project_id => null, p_item_id => coalesce(p_item_id, ''));
  perform work.check_references(p_project_id => null, p_item_id => coalesce(p_depends_on_item_id, ''));
  insert into work.item_dependencies (item_id, depends_on_item_id, created_by)
  values (p_item_id, p_depends_on_item_id, coalesce(p_actor, session_user))
  on conflict do nothing;
  return found;
end
$$;

ALTER FUNCTION work.add_dependency(p_item_id text, p_depends_on_item_id text, p_actor text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.add_dependency(p_item_id text, p_depends_on_item_id text, p_actor text) IS 'Says that an item waits for another; safe to repeat. Errors: PT400, PT404 no_item, PT409 dependency_cycle';

CREATE FUNCTION work.admit_tasks(p_queues text[], p_keys text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_changes work.task_change[];
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using
      errcode = 'PT409', message = 'tasks with a concurrency key need read committed', constraint = 'not_read_committed',
      detail = current_setting('transaction_isolation'), hint = 'call it in a transaction that is read committed';
  end if;
  perform pg_advisory_xact_lock(hashtext('work.admit_tasks'), n.number)
  from (
    select distinct (hashtextextended(k.key, hashtext(k.queue)) & 1023)::integer as number
    from unnest(p_queues, p_keys) as k (queue, key) order by 1
  ) as n;
  with admitted as (
    update work.task_executions as t
    set status = 'ready', position = nextval('work.task_positions')
    from (select distinct u.queue, u.key from unnest(p_queues, p_keys) as u (queue, key)) as k
    inner join work.queues as q on q.queue = k.queue
    cross join lateral (
      select b.execution_id from work.task_executions as b
      where b.queue = k.queue and b.concurrency_key = k.key and b.status = 'blocked'
      order by b.priority, b.position
      limit greatest(q.key_limit - (
        select count(*) from work.task_executions as r
        where r.queue = k.queue and r.concurrency_key = k.key and r.status in ('ready', 'running')
      ), 0)
    ) as b
    where t.execution_id = b.execution_id
    returning t.*
  )
  select array_agg(row(
    a.execution_id, a.queue, 'blocked', 'ready', a.run_id, a.workflow_name, a.project_id, null, null, null, a.scheduled_at
  )::work.task_change)
  into v_changes
  from admitted as a;
  if v_changes is not null then
    perform work.store_task_events(p_changes => v_changes);
  end if;
end
$$;

ALTER FUNCTION work.admit_tasks(p_queues text[], p_keys text[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.admit_tasks(p_queues text[], p_keys text[]) IS 'Makes blocked tasks ready where their concurrency key has room. Errors: PT409 not_read_committed';

CREATE FUNCTION work.artifact_storage_key(p_type text, p_artifact_id text, p_version integer, p_content_hash text, p_mime_type text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select 'artifacts/' || p_type || '/' || p_artifact_id || '/v' || p_version || '/' || p_content_hash || '.'
    || case rtrim(lower(split_part(p_mime_type, ';', 1)))
      when 'text/markdown' then 'md'
      when 'text/plain' then 'txt'
      when 'text/html' then 'html'
      when 'text/css' then 'css'
      when 'text/csv' then 'csv'
      when 'text/tab-separated-values' then 'tsv'
      when 'text/xml' then 'xml'
      when 'text/yaml' then 'yaml'
      when 'text/javascript' then 'js'
      when 'text/x-python' then 'py'
      when 'text/x-diff' then 'diff'
      when 'text/json' then 'json'
      when 'application/json' then 'json'
      when 'application/ld+json' then 'jsonld'
      when 'application/geo+json' then 'geojson'
      when 'application/jsonl' then 'jsonl'
      when 'application/x-jsonlines' then 'jsonl'
      when 'application/x-ndjson' then 'jsonl'
      when 'application/xml' then 'xml'
      when 'application/yaml' then 'yaml'
      when 'application/x-yaml' then 'yaml'
      when 'application/toml' then 'toml'
      when 'application/sql' then 'sql'
      when 'application/pdf' then 'pdf'
      when 'application/x-tar+gzip' then 'tar.gz'
      when 'application/x-gtar' then 'tar.gz'
      when 'application/x-tar' then 'tar'
      when 'application/gzip' then 'gz'
      when 'application/x-gzip' then 'gz'
      when 'application/zstd' then 'zst'
      when 'application/zip' then 'zip'
      when 'application/x-xz' then 'xz'
      when 'application/x-bzip2' then 'bz2'
      when 'application/x-7z-compressed' then '7z'
      when 'application/wasm' then 'wasm'
      when 'application/vnd.apache.parquet' then 'parquet'
      when 'application/x-parquet' then 'parquet'
      when 'application/vnd.apache.arrow.file' then 'arrow'
      when 'application/vnd.sqlite3' then 'sqlite3'
      when 'application/x-ipynb+json' then 'ipynb'
      when 'application/vnd.openxmlformats-officedocument.wordprocessingml.document' then 'docx'
      when 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet' then 'xlsx'
      when 'application/vnd.openxmlformats-officedocument.presentationml.presentation' then 'pptx'
      when 'image/png' then 'png'
      when 'image/jpeg' then 'jpg'
      when 'image/gif' then 'gif'
      when 'image/webp' then 'webp'
      when 'image/svg+xml' then 'svg'
      when 'audio/mpeg' then 'mp3'
      when 'audio/wav' then 'wav'
      when 'video/mp4' then 'mp4'
      when 'video/webm' then 'webm'
      else case when work.is_json_mime(p_mime_type => p_mime_type) then 'json' else 'bin' end
    end
$$;

ALTER FUNCTION work.artifact_storage_key(p_type text, p_artifact_id text, p_version integer, p_content_hash text, p_mime_type text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.artifact_storage_key(p_type text, p_artifact_id text, p_version integer, p_content_hash text, p_mime_type text) IS 'Key of a version''s object: artifacts/{type}/{artifact_id}/v{version}/{content_hash}.{ext}';

CREATE FUNCTION work.assign_item(p_item_id text, p_user_id text DEFAULT NULL::text, p_agent_id text DEFAULT NULL::text, p_expected_version integer DEFAULT NULL::integer) RETURNS work.item_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_item work.item_info;
begin
  perform work.check_assignee(p_user_id => p_user_id, p_agent_id => p_agent_id);
  perform work.lock_item(p_item_id => p_item_id, p_expected_version => p_expected_version);
  update work.items as i
  set
    assigned_user_id = p_user_id,
    assigned_agent_id = p_agent_id,
    version = i.version + 1,
    updated_at = clock_timestamp()
  where i.item_id = p_item_id
    and (i.assigned_user_id, i.assigned_agent_id) is distinct from (p_user_id, p_agent_id);
  select r.* into v_item from work.item_rows(p_item_ids => array[p_item_id]) as r;
  return v_item;
end
$$;

ALTER FUNCTION work.assign_item(p_item_id text, p_user_id text, p_agent_id text, p_expected_version integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.assign_item(p_item_id text, p_user_id text, p_agent_id text, p_expected_version integer) IS 'Assigns an item to a user or an agent, or to nobody. Errors: PT400 invalid_assignee, PT404 no_item, no_user, no_agent, PT409 stale_version';

CREATE FUNCTION work.attach_artifact(p_item_id text, p_artifact_id text, p_version integer DEFAULT NULL::integer, p_label text DEFAULT NULL::text, p_actor text DEFAULT NULL::text) RETURNS work.attachment_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_version integer;
  v_attachment work.attachment_info;
begin
  if length(p_label) not between 1 and 200 then
    raise exception using
      errcode = 'PT400', message = 'the label is empty or too long', constraint = 'invalid_label',
      detail = format('%s characters', length(p_label)), hint = 'say in 1 to 200 characters what it is for, or leave it out';
  end if;
  perform work.check_context(p_actor => p_actor);
  perform work.check_references(p_project_id => null, p_item_id => coalesce(p_item_id, ''));
  select v.version into v_version
  from work.artifact_versions as v
  where v.artifact_id = p_artifact_id
    and v.version = coalesce(
      p_version, (select a.latest_version from work.artifacts as a where a.artifact_id = p_artifact_id)
    );
  if not found then
    perform work.refuse_missing(p_artifact_id => p_artifact_id, p_version => p_version);
  end if;
  insert into work.attachments as t (item_id, artifact_id, version, label, attached_by)
  values (p_item_id, p_artifact_id, v_version, p_label, coalesce(p_actor, session_user))
  on conflict (item_id, artifact_id, version) do update set detached_at = null where t.detached_at is not null;
  -- A statement of its own sees the row that a session committed while the one above waited for it.
  select t.item_id, t.artifact_id::text, t.version, t.label, t.attached_by, t.created_at into v_attachment
  from work.attachments as t
  where t.item_id = p_item_id and t.artifact_id = p_artifact_id and t.version = v_version;
  return v_attachment;
end
$$;

ALTER FUNCTION work.attach_artifact(p_item_id text, p_artifact_id text, p_version integer, p_label text, p_actor text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.attach_artifact(p_item_id text, p_artifact_id text, p_version integer, p_label text, p_actor text) IS 'Attaches a version of an artifact to an item; safe to repeat. Errors: PT400, PT404 no_item, no_artifact, no_version';

CREATE FUNCTION work.await_event(p_run_id text, p_attempt integer, p_step_name text, p_event_name text, p_timeout_seconds double precision DEFAULT NULL::double precision) RETURNS work.step_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_run work.workflow_executions := work.lock_execution(
    p_run_id => p_run_id, p_attempt => p_attempt, p_ending => 'waiting'
  );
  v_step work.step_info := work.step_of(p_run_id => p_run_id, p_step_name => p_step_name);
  v_wakes_at timestamptz := v_step.wakes_at;
  v_payload jsonb;
begin
  if v_step.status = 'completed' or (v_run.status = 'waiting' and v_step.status = 'waiting') then
    return v_step;
  end if;
  if v_run.status = 'waiting' then  -- for another step
    perform work.refuse_run(p_run_id => p_run_id, p_status => v_run.status);
  end if;
  perform work.check_run_text(p_what => 'step_name', p_value => p_step_name, p_bytes => 500);
  perform work.check_run_text(p_what => 'event_name', p_value => p_event_name, p_bytes => 200);
  if p_timeout_seconds not between 0 and 315576000 then
    raise exception using
      errcode = 'PT400', message = 'a timeout is out of range', constraint = 'invalid_timeout',
      detail = p_timeout_seconds::text, hint = 'use 0 to 315576000 seconds, or null';
  end if;
  if v_step.run_id is null then
    v_wakes_at := clock_timestamp() + make_interval(secs => p_timeout_seconds);
  end if;
  update work.signals as s set step_name = p_step_name, received_at = clock_timestamp()
  where s.signal_id = (
    select o.signal_id from work.signals as o
    where o.run_id = p_run_id and o.event_name = p_event_name and o.step_name is null
    order by o.created_at, o.signal_id
    limit 1
  )
  returning s.payload into v_payload;
  if found or v_wakes_at <= clock_timestamp() then
    return work.record_step(
      p_run => v_run, p_step_name => p_step_name, p_status => 'completed', p_output => v_payload, p_wakes_at => v_wakes_at
    );
  end if;
  return work.suspend_execution(
    p_run => v_run, p_step_name => p_step_name, p_wakes_at => v_wakes_at, p_waiting_for => p_event_name
  );
end
$$;

ALTER FUNCTION work.await_event(p_run_id text, p_attempt integer, p_step_name text, p_event_name text, p_timeout_seconds double precision) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.await_event(p_run_id text, p_attempt integer, p_step_name text, p_event_name text, p_timeout_seconds double precision) IS 'A step that is complete once the run was sent an event; until then the run waits. Errors: PT400, PT404 no_run, PT409';

CREATE FUNCTION work.await_execution(p_run_id text, p_attempt integer, p_step_name text, p_child_run_id text) RETURNS work.step_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_run work.workflow_executions := work.lock_execution(
    p_run_id => p_run_id, p_attempt => p_attempt, p_ending => 'waiting'
  );
  v_step work.step_info := work.step_of(p_run_id => p_run_id, p_step_name => p_step_name);
  v_child work.workflow_executions;
begin
  if v_step.status = 'completed' or (v_run.status = 'waiting' and v_step.status = 'waiting') then
    return v_step;
  end if;
  if v_run.status = 'waiting' then  -- for another step
    perform work.refuse_run(p_run_id => p_run_id, p_status => v_run.status);
  end if;
  -- For share: a child that is about to end ends before, and is seen, or after, and wakes this run.
  select e.* into v_child from work.workflow_executions as e where e.run_id = p_child_run_id for share;
  if v_child.run_id is null then
    perform work.refuse_run(p_run_id => p_child_run_id, p_status => null);
  end if;
  if v_child.parent_run_id is distinct from p_run_id then
    raise exception using
      errcode = 'PT409', message = 'the run was not started by this one', constraint = 'not_a_child',
      detail = format('run %s, parent %s', p_child_run_id, coalesce(v_child.parent_run_id, 'none')),
      hint = 'start it with p_parent_run_id';
  end if;
  if v_child.completed_at is null then
    return work.suspend_execution(
      p_run => v_run, p_step_name => p_step_name, p_wakes_at => null, p_waiting_for => 'run ' || p_child_run_id
    );
  end if;
  return work.record_step(
    p_run => v_run, p_step_name => p_step_name,
    p_status => case v_child.status when 'completed' then 'completed' else 'failed' end,
    p_output => v_child.outputs,
    p_error => case when v_child.status <> 'completed' then
      concat_ws(': ', 'run ' || p_child_run_id || ' is ' || v_child.status, v_child.reason, v_child.error) end
  );
end
$$;

ALTER FUNCTION work.await_execution(p_run_id text, p_attempt integer, p_step_name text, p_child_run_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.await_execution(p_run_id text, p_attempt integer, p_step_name text, p_child_run_id text) IS 'A step that is complete once a child has completed; until then the run waits. Errors: PT400, PT404 no_run, PT409';

CREATE FUNCTION work.begin_item_history() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into work.item_transitions (item_id, seq, to_state, actor, run_id)
  values (new.item_id, 1, new.state, new.created_by, new.run_id);
  return null;
end
$$;

ALTER FUNCTION work.begin_item_history() OWNER TO pylayer_api;

COMMENT ON FUNCTION work.begin_item_history() IS 'Trigger function: a new item has the first row of its history';

CREATE FUNCTION work.begin_step(p_run_id text, p_attempt integer, p_step_name text) RETURNS work.step_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return work.record_step(
    p_run => work.lock_execution(p_run_id => p_run_id, p_attempt => p_attempt), p_step_name => p_step_name,
    p_status => 'running'
  );
end
$$;

ALTER FUNCTION work.begin_step(p_run_id text, p_attempt integer, p_step_name text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.begin_step(p_run_id text, p_attempt integer, p_step_name text) IS 'Begins a step, or returns the result that it has. Errors: PT400 invalid_name, PT404 no_run, PT409 stale_attempt, run_ended';

CREATE FUNCTION work.begin_upload(p_size_bytes bigint, p_content_hash text, p_mime_type text, p_type text DEFAULT NULL::text, p_artifact_id text DEFAULT NULL::text, p_expected_version integer DEFAULT NULL::integer, p_preview_text text DEFAULT NULL::text, p_extracted_fields jsonb DEFAULT NULL::jsonb, p_tags jsonb DEFAULT NULL::jsonb, p_owner_item_id text DEFAULT NULL::text, p_owner_run_id text DEFAULT NULL::text, p_project_id text DEFAULT NULL::text) RETURNS TABLE(upload_id text, artifact_id text, version integer, storage_key text, copy_from text, expires_at timestamp with time zone, created boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '10s'
    AS $$
declare
  v_artifact record;
begin
  perform work.check_content_hash(p_content_hash => p_content_hash);
  perform work.check_artifact_fields(
    p_artifact_id => case when p_type is null then coalesce(p_artifact_id, '') else p_artifact_id end,
    p_type => p_type, p_mime_type => coalesce(p_mime_type, ''), p_preview_text => p_preview_text,
    p_extracted_fields => p_extracted_fields, p_tags => p_tags, p_owner_item_id => p_owner_item_id,
    p_owner_run_id => p_owner_run_id, p_project_id => p_project_id
  );
  if p_size_bytes is null or p_size_bytes < 0 then
    raise exception using
      errcode = 'PT400', message = 'size_bytes is not a size', constraint = 'invalid_size',
      detail = format('size_bytes %s', p_size_bytes),
      hint = 'send the number of bytes of the content';
  end if;
  artifact_id := coalesce(p_artifact_id, core.new_ulid());
  select l.type, l.latest_version, l.reserved_version, l.latest_content_hash into v_artifact
  from work.lock_artifact(
    p_artifact_id => artifact_id, p_type => p_type, p_expected_version => p_expected_version
  ) as l;

  if v_artifact.latest_content_hash = p_content_hash then
    perform work.set_artifact_fields(
      p_artifact_id => artifact_id, p_tags => p_tags, p_owner_item_id => p_owner_item_id,
      p_owner_run_id => p_owner_run_id, p_project_id => p_project_id
    );
    select v.version, v.storage_key into version, storage_key from work.artifact_versions as v
    where v.artifact_id = begin_upload.artifact_id and v.version = v_artifact.latest_version;
    created := false;
    return next;
    return;
  end if;

  upload_id := core.new_ulid();
  version := v_artifact.reserved_version + 1;
  storage_key := work.artifact_storage_key(
    p_type => v_artifact.type, p_artifact_id => artifact_id, p_version => version,
    p_content_hash => p_content_hash, p_mime_type => p_mime_type
  );
  created := true;
  update work.artifacts as a set reserved_version = begin_upload.version
  where a.artifact_id = begin_upload.artifact_id;
  insert into work.artifact_uploads as u (
    upload_id, artifact_id, version, expected_version, mime_type, size_bytes, content_hash, storage_key, preview_text,
    extracted_fields, tags, owner_item_id, owner_run_id, project_id, expires_at
  )
  select
    begin_upload.upload_id, begin_upload.artifact_id, begin_upload.version, p_expected_version, p_mime_type, p_size_bytes,
    p_content_hash, begin_upload.storage_key, p_preview_text, p_extracted_fields, p_tags, p_owner_item_id, p_owner_run_id,
    p_project_id, clock_timestamp() + s.upload_ttl
  from core.settings as s
  returning u.expires_at into expires_at;
  select v.storage_key into copy_from from work.artifact_versions as v
  where v.content_hash = p_content_hash
    and v.storage_backend = 's3'
    and v.size_bytes = p_size_bytes
    and not exists (
      select from work.artifact_tombstones as t where t.artifact_id = v.artifact_id and t.version = v.version
    )
  limit 1;
  return next;
end
$$;

ALTER FUNCTION work.begin_upload(p_size_bytes bigint, p_content_hash text, p_mime_type text, p_type text, p_artifact_id text, p_expected_version integer, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.begin_upload(p_size_bytes bigint, p_content_hash text, p_mime_type text, p_type text, p_artifact_id text, p_expected_version integer, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) IS 'Reserves a version number and records an attempt to write its content to object storage. Errors: PT400, PT404 no_artifact, PT409 type_mismatch, stale_version';

CREATE FUNCTION work.cancel_execution(p_run_id text, p_reason text DEFAULT NULL::text, p_actor text DEFAULT NULL::text) RETURNS work.execution_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_run work.workflow_executions;
  v_found text[] := array[p_run_id];
begin
  perform work.lock_waiting_parent(p_run_id => p_run_id);
  select e.* into v_run from work.workflow_executions as e where e.run_id = p_run_id for no key update;
  if v_run.status is null or v_run.status in ('completed', 'failed') then
    perform work.refuse_run(p_run_id => p_run_id, p_status => v_run.status);
  end if;
  -- Level by level: a run that starts another holds its own row, so nothing new appears below what is cancelled.
  while v_run.status <> 'cancelled' and cardinality(v_found) > 0 loop
    with locked as (
      select e.run_id from work.workflow_executions as e
      where e.run_id = any(v_found) and e.completed_at is null
      order by e.run_id
      for no key update
    )
    update work.workflow_executions as e
    set status = 'cancelled', reason = left(p_reason, 1000), actor = left(p_actor, 500), updated_at = clock_timestamp()
    from locked as l
    where e.run_id = l.run_id;
    v_found := array(select e.run_id from work.workflow_executions as e where e.parent_run_id = any(v_found));
  end loop;
  select e.* into v_run from work.workflow_executions as e where e.run_id = p_run_id;
  return work.execution_of(v_run, false);
end
$$;

ALTER FUNCTION work.cancel_execution(p_run_id text, p_reason text, p_actor text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.cancel_execution(p_run_id text, p_reason text, p_actor text) IS 'Cancels a run and the runs that it started. Errors: PT404 no_run, PT409 run_ended';

CREATE FUNCTION work.check_artifact_fields(p_artifact_id text, p_type text, p_mime_type text, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  if p_artifact_id !~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$' then
    raise exception using
      errcode = 'PT400', message = 'artifact_id is not a ULID', constraint = 'invalid_artifact_id',
      detail = left(p_artifact_id, 64), hint = 'a ULID is 26 characters of upper-case Crockford base32';
  end if;
  if p_type !~ '^[a-z][a-z0-9_.-]{0,62}$' then
    raise exception using
      errcode = 'PT400', message = 'type is not a name', constraint = 'invalid_type', detail = left(p_type, 64),
      hint = 'use a lower-case letter, then up to 62 of a-z, 0-9, _, . and -';
  end if;
  if length(p_mime_type) > 255 or p_mime_type !~* '^[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+ *(;[ -~]*)?$' then
    raise exception using
      errcode = 'PT400', message = 'mime_type is not a mime type', constraint = 'invalid_mime_type',
      detail = left(p_mime_type, 64), hint = 'use a type such as text/markdown, of at most 255 characters';
  end if;
  if jsonb_typeof(p_extracted_fields) <> 'object' then
    raise exception using
      errcode = 'PT400', message = 'extracted_fields is not an object', constraint = 'invalid_extracted_fields',
      detail = jsonb_typeof(p_extracted_fields), hint = 'send a JSON object, or leave it out';
  end if;
  if jsonb_typeof(p_tags) not in ('object', 'array') then
    raise exception using
      errcode = 'PT400', message = 'tags is neither an object nor an array', constraint = 'invalid_tags',
      detail = jsonb_typeof(p_tags), hint = 'send a JSON object or array, or leave it out';
  end if;
  if greatest(length(p_owner_item_id), length(p_owner_run_id), length(p_project_id)) > 500 then
    raise exception using
      errcode = 'PT400', message = 'an id is too long', constraint = 'invalid_owner',
      detail = format(
        'characters: owner_item_id %s, owner_run_id %s, project_id %s',
        length(p_owner_item_id), length(p_owner_run_id), length(p_project_id)
      ),
      hint = 'owner_item_id, owner_run_id and project_id have at most 500 characters each';
  end if;
  if greatest(octet_length(p_preview_text), pg_column_size(p_extracted_fields), pg_column_size(p_tags)) > 262144 then
    raise exception using
      errcode = 'PT413', message = 'preview_text, extracted_fields or tags are too large', constraint = 'metadata_limit',
      detail = format(
        'bytes: preview_text %s, extracted_fields %s, tags %s, limit of each 262144',
        octet_length(p_preview_text), pg_column_size(p_extracted_fields), pg_column_size(p_tags)
      ),
      hint = 'keep what is large in the content';
  end if;
end
$_$;

ALTER FUNCTION work.check_artifact_fields(p_artifact_id text, p_type text, p_mime_type text, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_artifact_fields(p_artifact_id text, p_type text, p_mime_type text, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) IS 'Refuses malformed facts of an artifact or version';

CREATE FUNCTION work.check_assignee(p_user_id text, p_agent_id text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if num_nonnulls(p_user_id, p_agent_id) > 1 then
    raise exception using
      errcode = 'PT400', message = 'a user and an agent at once', constraint = 'invalid_assignee',
      detail = format('user %s, agent %s', left(p_user_id, 64), left(p_agent_id, 100)), hint = 'name one of them';
  end if;
  if p_user_id is not null and not exists (
    select from iam.users as u where u.user_id = p_user_id and u.deleted_at is null
  ) then
    raise exception using
      errcode = 'PT404', message = 'there is no such user', constraint = 'no_user',
      detail = left(p_user_id, 64), hint = 'iam.list_users shows those that exist';
  end if;
  if p_agent_id is not null and not exists (
    select from ai.agents as a where a.agent_id = p_agent_id and a.deleted_at is null and a.status <> 'retired'
  ) then
    raise exception using
      errcode = 'PT404', message = 'there is no such agent, or it is retired', constraint = 'no_agent',
      detail = left(p_agent_id, 100), hint = 'ai.list_agents shows those that exist';
  end if;
end
$$;

ALTER FUNCTION work.check_assignee(p_user_id text, p_agent_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_assignee(p_user_id text, p_agent_id text) IS 'Refuses a user or agent that cannot be named. Errors: PT400 invalid_assignee, PT404 no_user, no_agent';

CREATE FUNCTION work.check_checkpoint_key(p_checkpoint_ns text, p_checkpoint_id text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_checkpoint_ns is null or octet_length(p_checkpoint_ns) > 1000 then
    raise exception using
      errcode = 'PT400', message = 'checkpoint_ns is missing or too long', constraint = 'invalid_checkpoint_ns',
      detail = format('%s bytes', octet_length(p_checkpoint_ns)), hint = 'the root graph''s is empty; at most 1000 bytes';
  end if;
  if p_checkpoint_id is null or octet_length(p_checkpoint_id) not between 1 and 500 then
    raise exception using
      errcode = 'PT400', message = 'checkpoint_id is missing or too long', constraint = 'invalid_checkpoint_id',
      detail = format('%s bytes', octet_length(p_checkpoint_id)), hint = 'give 1 to 500 bytes of text';
  end if;
end
$$;

ALTER FUNCTION work.check_checkpoint_key(p_checkpoint_ns text, p_checkpoint_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_checkpoint_key(p_checkpoint_ns text, p_checkpoint_id text) IS 'Refuses ids that the tables of checkpoints cannot hold. Errors: PT400 invalid_checkpoint_ns, invalid_checkpoint_id';

CREATE FUNCTION work.check_claim(p_worker text, p_queues text[], p_n integer, p_lease_seconds integer) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if (length(p_worker) between 1 and 200) is not true then
    raise exception using
      errcode = 'PT400', message = 'the worker has no usable name', constraint = 'invalid_worker',
      detail = format('%s characters', length(p_worker)), hint = '1 to 200 characters, such as host and process id';
  elsif (cardinality(p_queues) between 1 and 100) is not true then
    raise exception using
      errcode = 'PT400', message = 'no queue, or too many', constraint = 'invalid_queues',
      detail = format('%s queues', cardinality(p_queues)), hint = 'name 1 to 100 queues';
  elsif (p_n between 1 and 1000) is not true then
    raise exception using
      errcode = 'PT400', message = 'the number of tasks is out of range', constraint = 'invalid_limit',
      detail = coalesce(p_n::text, 'null'), hint = '1 to 1000';
  end if;
  perform work.check_lease(p_lease_seconds => p_lease_seconds);
end
$$;

ALTER FUNCTION work.check_claim(p_worker text, p_queues text[], p_n integer, p_lease_seconds integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_claim(p_worker text, p_queues text[], p_n integer, p_lease_seconds integer) IS 'Refuses a claim that is none. Errors: PT400';

CREATE FUNCTION work.check_comment(p_body text, p_is_ai boolean, p_user_id text, p_metadata jsonb, p_github_node_id text, p_comment_id text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  if (octet_length(p_body) > 0) is not true
    or (p_is_ai and p_user_id is not null)
    or jsonb_typeof(p_metadata) <> 'object'
    or length(p_github_node_id) not between 1 and 200
  then
    raise exception using
      errcode = 'PT400', message = 'the comment cannot be stored so', constraint = 'invalid_comment',
      detail = format(
        'body of %s bytes, is_ai %s, user %s, metadata %s, github_node_id of %s characters', octet_length(p_body), p_is_ai,
        left(p_user_id, 64), jsonb_typeof(p_metadata), length(p_github_node_id)
      ),
      hint = 'a text, of an AI or of a user, metadata as an object, a node id of 1 to 200 characters';
  end if;
  if p_comment_id !~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$' then
    raise exception using
      errcode = 'PT400', message = 'comment_id is not a ULID', constraint = 'invalid_comment_id',
      detail = left(p_comment_id, 64), hint = 'a ULID is 26 characters of upper-case Crockford base32';
  end if;
  if greatest(octet_length(p_body), pg_column_size(p_metadata)) > 262144 then
    raise exception using
      errcode = 'PT413', message = 'the comment is too large', constraint = 'comment_limit',
      detail = format('bytes: body %s, metadata %s, limit of each 262144', octet_length(p_body), pg_column_size(p_metadata)),
      hint = 'attach what is large as an artifact';
  end if;
end
$_$;

ALTER FUNCTION work.check_comment(p_body text, p_is_ai boolean, p_user_id text, p_metadata jsonb, p_github_node_id text, p_comment_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_comment(p_body text, p_is_ai boolean, p_user_id text, p_metadata jsonb, p_github_node_id text, p_comment_id text) IS 'Refuses a comment that cannot be stored. Errors: PT400 invalid_comment, invalid_comment_id, PT413 comment_limit';

CREATE FUNCTION work.check_completions(p_tasks jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  if jsonb_typeof(p_tasks) is distinct from 'array' then
    raise exception using
      errcode = 'PT400', message = 'tasks are not a JSON array', constraint = 'not_an_array',
      detail = coalesce(jsonb_typeof(p_tasks), 'null'), hint = 'complete one task with work.complete_task';
  elsif jsonb_array_length(p_tasks) > 1000 then
    raise exception using
      errcode = 'PT413', message = 'the batch has too many tasks', constraint = 'too_many_tasks',
      detail = format('%s tasks, limit 1000', jsonb_array_length(p_tasks)), hint = 'send several batches';
  elsif jsonb_path_exists(p_tasks, 'strict $[*] ? (@.type() != "object")') then
    raise exception using
      errcode = 'PT400', message = 'a task is malformed', constraint = 'invalid_task',
      detail = 'not an object', hint = 'an object with execution_id, lease and output_data';
  elsif pg_column_size(p_tasks) > 1048576 and exists (
    select from jsonb_array_elements(p_tasks) as e (task) where pg_column_size(e.task) > 1048576
  ) then
    raise exception using
      errcode = 'PT413', message = 'the output of a task is too large', constraint = 'output_limit',
      detail = 'over 1 MiB', hint = 'keep what is large as an artifact, and its id in the output';
  end if;
end
$_$;

ALTER FUNCTION work.check_completions(p_tasks jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_completions(p_tasks jsonb) IS 'Refuses a batch of completions that is none. Errors: PT400, PT413';

CREATE FUNCTION work.check_content_hash(p_content_hash text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  if p_content_hash is null or p_content_hash !~ '^[0-9a-f]{64}$' then
    raise exception using
      errcode = 'PT400', message = 'content_hash is not a sha256', constraint = 'invalid_content_hash',
      detail = coalesce(left(p_content_hash, 80), 'null'), hint = 'send 64 characters of lower-case hex';
  end if;
end
$_$;

ALTER FUNCTION work.check_content_hash(p_content_hash text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_content_hash(p_content_hash text) IS 'Refuses what is not a sha256 in lower-case hex';

CREATE FUNCTION work.check_context(p_actor text, p_reason text DEFAULT NULL::text, p_run_id text DEFAULT NULL::text, p_workflow_name text DEFAULT NULL::text, p_agent_role text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if length(p_actor) not between 1 and 200
    or length(p_reason) > 2000
    or length(p_run_id) not between 1 and 500
    or length(p_workflow_name) not between 1 and 500
    or length(p_agent_role) not between 1 and 500
  then
    raise exception using
      errcode = 'PT400', message = 'an actor, reason or correlation id is empty or too long', constraint = 'invalid_context',
      detail = format(
        'characters: actor %s, reason %s, run_id %s, workflow_name %s, agent_role %s',
        length(p_actor), length(p_reason), length(p_run_id), length(p_workflow_name), length(p_agent_role)
      ),
      hint = 'leave out what is not known; at most 200 characters for the actor, 2000 for the reason, 500 for the others';
  end if;
end
$$;

ALTER FUNCTION work.check_context(p_actor text, p_reason text, p_run_id text, p_workflow_name text, p_agent_role text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_context(p_actor text, p_reason text, p_run_id text, p_workflow_name text, p_agent_role text) IS 'Refuses an actor, a reason or a correlation id that is empty or too long. Errors: PT400 invalid_context';

CREATE FUNCTION work.check_decision(p_title text, p_decision text, p_rationale text, p_alternatives jsonb, p_decision_id text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  if (length(btrim(p_title)) between 1 and 500 and length(p_title) <= 500) is not true
    or (octet_length(p_decision) > 0) is not true
    or jsonb_typeof(p_alternatives) <> 'array'
  then
    raise exception using
      errcode = 'PT400', message = 'a decision needs a title and a text', constraint = 'invalid_decision',
      detail = format(
        'title of %s characters, decision of %s bytes, alternatives %s', length(p_title), octet_length(p_decision),
        jsonb_typeof(p_alternatives)
      ),
      hint = 'a title of 1 to 500 characters, what was decided, and an array of alternatives or none';
  end if;
  if p_decision_id !~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$' then
    raise exception using
      errcode = 'PT400', message = 'decision_id is not a ULID', constraint = 'invalid_decision_id',
      detail = left(p_decision_id, 64), hint = 'a ULID is 26 characters of upper-case Crockford base32';
  end if;
  if greatest(octet_length(p_decision), octet_length(p_rationale), pg_column_size(p_alternatives)) > 262144 then
    raise exception using
      errcode = 'PT413', message = 'a text of the decision is too large', constraint = 'decision_limit',
      detail = format(
        'bytes: decision %s, rationale %s, alternatives %s, limit of each 262144', octet_length(p_decision),
        octet_length(p_rationale), pg_column_size(p_alternatives)
      ),
      hint = 'attach what is large as an artifact';
  end if;
end
$_$;

ALTER FUNCTION work.check_decision(p_title text, p_decision text, p_rationale text, p_alternatives jsonb, p_decision_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_decision(p_title text, p_decision text, p_rationale text, p_alternatives jsonb, p_decision_id text) IS 'Refuses a decision that cannot be recorded. Errors: PT400 invalid_decision, invalid_decision_id, PT413 decision_limit';

CREATE FUNCTION work.check_document(p_what text, p_value jsonb) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if pg_column_size(p_value) > 1048576 then
    raise exception using
      errcode = 'PT413', message = 'a value is too large', constraint = 'value_limit',
      detail = format('%s: %s bytes, limit 1048576', p_what, pg_column_size(p_value)),
      hint = 'write it as an artifact and keep its id';
  end if;
end
$$;

ALTER FUNCTION work.check_document(p_what text, p_value jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_document(p_what text, p_value jsonb) IS 'Refuses a value of over 1 MiB, which belongs in an artifact';

CREATE FUNCTION work.check_driver(p_worker text, p_status text, p_alive_seconds integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  if p_worker is null or octet_length(p_worker) > 200 or p_worker !~ '[0-7][0-9A-HJKMNP-TV-Z]{25}$' then
    raise exception using
      errcode = 'PT400', message = 'this is no name of a driver', constraint = 'invalid_name',
      detail = coalesce(left(p_worker, 64), 'null'), hint = 'end it with a ULID; use at most 200 bytes of UTF-8';
  end if;
  if p_status not in ('waiting', 'completed', 'failed', 'cancelled') then
    raise exception using
      errcode = 'PT400', message = 'a driver does not give a run this status', constraint = 'invalid_status',
      detail = left(p_status, 64), hint = 'use waiting, completed, failed or cancelled';
  end if;
  if p_alive_seconds is null or p_alive_seconds not between 1 and 86400 then
    raise exception using
      errcode = 'PT400', message = 'a time to live is out of range', constraint = 'invalid_lease',
      detail = coalesce(p_alive_seconds::text, 'null'), hint = 'use 1 to 86400 seconds';
  end if;
end
$_$;

ALTER FUNCTION work.check_driver(p_worker text, p_status text, p_alive_seconds integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_driver(p_worker text, p_status text, p_alive_seconds integer) IS 'Refuses a malformed name, status or time of who drives a run. Errors: PT400 invalid_name, invalid_status, invalid_lease';

CREATE FUNCTION work.check_expected_version(p_expected_version integer, p_latest_version integer) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_latest_version <> p_expected_version then
    raise exception using
      errcode = 'PT409', message = 'the artifact has another latest version', constraint = 'stale_version',
      detail = format('expected %s, latest %s', p_expected_version, p_latest_version),
      hint = 'read the latest version, apply your change to it and write again';
  end if;
end
$$;

ALTER FUNCTION work.check_expected_version(p_expected_version integer, p_latest_version integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_expected_version(p_expected_version integer, p_latest_version integer) IS 'Refuses a write whose writer expects another latest version';

CREATE FUNCTION work.check_fields(p_fields jsonb, p_types jsonb) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_field record;
begin
  if (jsonb_typeof(p_fields) = 'object') is not true then
    raise exception using
      errcode = 'PT400', message = 'the fields are not a JSON object', constraint = 'invalid_fields',
      detail = coalesce(jsonb_typeof(p_fields), 'null'), hint = 'send an object, such as {"priority": 1}';
  end if;
  select f.key, jsonb_typeof(f.value) as kind, p_types -> f.key as kinds into v_field
  from jsonb_each(p_fields) as f
  where not coalesce(p_types -> f.key @> to_jsonb(jsonb_typeof(f.value)), false)
    or (jsonb_typeof(f.value) = 'string' and f.key not in ('description', 'system_prompt') and length(f.value #>> '{}') not between 1 and 2000)
  order by f.key
  limit 1;
  if found and v_field.kinds is null then
    raise exception using
      errcode = 'PT400', message = 'there is no such field', constraint = 'unknown_field',
      detail = left(v_field.key, 200), hint = format('fields: %s', (
        select string_agg(k.name, ', ' order by k.name) from jsonb_object_keys(p_types) as k (name)
      ));
  elsif found then
    raise exception using
      errcode = 'PT400', message = 'a field has a value that it cannot have', constraint = 'invalid_field',
      detail = format('%s is %s', v_field.key, v_field.kind),
      hint = format('allowed: %s; a text has 1 to 2000 characters, a description or a prompt more', v_field.kinds);
  end if;
  select f.key, octet_length(f.value #>> '{}') as bytes into v_field
  from jsonb_each(p_fields) as f
  where octet_length(f.value #>> '{}') > 262144
  limit 1;
  if found then
    raise exception using
      errcode = 'PT413', message = 'a field is too large', constraint = 'field_limit',
      detail = format('%s: %s bytes, limit 262144', v_field.key, v_field.bytes), hint = 'attach what is large as an artifact';
  end if;
end
$$;

ALTER FUNCTION work.check_fields(p_fields jsonb, p_types jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_fields(p_fields jsonb, p_types jsonb) IS 'Refuses fields that cannot be stored. Errors: PT400 invalid_fields, unknown_field, invalid_field, PT413 field_limit';

CREATE FUNCTION work.check_item_fields(p_fields jsonb) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_number text := p_fields ->> 'github_number';
begin
  perform work.check_fields(p_fields => p_fields, p_types => '{
    "title": ["string"], "description": ["string", "null"], "priority": ["number"], "project_id": ["string", "null"],
    "github_repository": ["string", "null"], "github_number": ["number", "null"], "github_node_id": ["string", "null"],
    "github_url": ["string", "null"], "ai_analysis": ["object", "null"], "ai_suggestions": ["object", "array", "null"],
    "tags": ["object", "array", "null"], "metadata": ["object", "null"]
  }');
  if length(btrim(p_fields ->> 'title')) not between 1 and 500
    or length(p_fields ->> 'title') > 500
    or p_fields ->> 'priority' !~ '^[0-4]$'
    or v_number !~ '^[1-9][0-9]{0,8}$'
    or greatest(length(p_fields ->> 'github_repository'), length(p_fields ->> 'github_node_id')) > 200
  then
    raise exception using
      errcode = 'PT400', message = 'a field has a value that it cannot have', constraint = 'invalid_field',
      detail = format(
        'title of %s characters, priority %s, github_number %s, github_repository of %s, github_node_id of %s',
        length(p_fields ->> 'title'), left(p_fields ->> 'priority', 20), left(v_number, 20),
        length(p_fields ->> 'github_repository'), length(p_fields ->> 'github_node_id')
      ),
      hint = 'a title has 1 to 500 characters, priority is 0 to 4, github_number from 1, the other two at most 200';
  end if;
  perform work.check_references(p_project_id => p_fields ->> 'project_id', p_item_id => null);
end
$_$;

ALTER FUNCTION work.check_item_fields(p_fields jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_item_fields(p_fields jsonb) IS 'Refuses fields of an item that cannot be stored. Errors: PT400 invalid_fields, unknown_field, invalid_field, PT404 no_project, PT413 field_limit';

CREATE FUNCTION work.check_lease(p_lease_seconds integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if (p_lease_seconds between 1 and 3600) is not true then
    raise exception using
      errcode = 'PT400', message = 'the length of the lease is out of range', constraint = 'invalid_lease',
      detail = coalesce(p_lease_seconds::text, 'null'), hint = '1 to 3600 seconds; heartbeats extend it';
  end if;
end
$$;

ALTER FUNCTION work.check_lease(p_lease_seconds integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_lease(p_lease_seconds integer) IS 'Refuses a length of a lease that is none. Errors: PT400 invalid_lease';

CREATE FUNCTION work.check_limit(p_limit integer, p_greatest integer) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_limit is null or p_limit not between 1 and p_greatest then
    raise exception using
      errcode = 'PT400', message = 'limit is out of range', constraint = 'invalid_limit',
      detail = format('limit %s, allowed 1 to %s', p_limit, p_greatest), hint = 'read page by page';
  end if;
end
$$;

ALTER FUNCTION work.check_limit(p_limit integer, p_greatest integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_limit(p_limit integer, p_greatest integer) IS 'Refuses a limit outside of 1 to a greatest value';

CREATE FUNCTION work.check_project(p_project_id text, p_fields jsonb) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if (length(p_project_id) between 1 and 200 and p_project_id !~ '[[:cntrl:]]' and p_project_id = btrim(p_project_id))
    is not true
  then
    raise exception using
      errcode = 'PT400', message = 'the id of a project is malformed', constraint = 'invalid_project_id',
      detail = coalesce(left(p_project_id, 200), 'null'),
      hint = '1 to 200 characters, no control characters, no blanks around it';
  end if;
  perform work.check_fields(p_fields => p_fields, p_types => '{
    "name": ["string"], "description": ["string", "null"], "repository": ["string", "null"], "default_branch": ["string"],
    "tech_stack": ["object", "array", "null"], "pr_merge_rate": ["number", "null"], "test_coverage": ["number", "null"],
    "tags": ["object", "array", "null"], "metadata": ["object", "null"]
  }');
  if length(btrim(p_fields ->> 'name')) not between 1 and 200
    or length(p_fields ->> 'name') > 200
    or length(p_fields ->> 'repository') > 500
    or length(p_fields ->> 'default_branch') > 255
    or (p_fields ->> 'pr_merge_rate')::numeric not between 0 and 1
    or (p_fields ->> 'test_coverage')::numeric not between 0 and 1
  then
    raise exception using
      errcode = 'PT400', message = 'a field has a value that it cannot have', constraint = 'invalid_field',
      detail = format(
        'name of %s characters, repository of %s, default_branch of %s, pr_merge_rate %s, test_coverage %s',
        length(p_fields ->> 'name'), length(p_fields ->> 'repository'), length(p_fields ->> 'default_branch'),
        left(p_fields ->> 'pr_merge_rate', 20), left(p_fields ->> 'test_coverage', 20)
      ),
      hint = 'at most 200 characters for the name, 500 for the repository, 255 for the branch; shares are 0 to 1';
  end if;
end
$$;

ALTER FUNCTION work.check_project(p_project_id text, p_fields jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_project(p_project_id text, p_fields jsonb) IS 'Refuses a project that cannot be stored. Errors: PT400 invalid_project_id, invalid_fields, unknown_field, invalid_field, PT413 field_limit';

CREATE FUNCTION work.check_queue(p_queue text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  if (p_queue ~ '^[a-z][a-z0-9_.-]{0,62}$') is not true then
    raise exception using
      errcode = 'PT400', message = 'the name of the queue is malformed', constraint = 'invalid_queue',
      detail = coalesce(left(p_queue, 64), 'null'), hint = 'a lower-case letter, then up to 62 of a-z, 0-9, _, . and -';
  end if;
end
$_$;

ALTER FUNCTION work.check_queue(p_queue text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_queue(p_queue text) IS 'Refuses a name that no queue can have. Errors: PT400 invalid_queue';

CREATE FUNCTION work.check_references(p_project_id text, p_item_id text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_project_id is not null and not exists (
    select from work.projects as p where p.project_id = p_project_id and p.deleted_at is null
  ) then
    raise exception using
      errcode = 'PT404', message = 'there is no such project', constraint = 'no_project',
      detail = left(p_project_id, 200), hint = 'work.save_project makes one; work.list_projects shows those that exist';
  end if;
  if p_item_id is not null and not exists (
    select from work.items as i where i.item_id = p_item_id and i.deleted_at is null
  ) then
    perform work.refuse_missing_item(p_item_id => p_item_id);
  end if;
end
$$;

ALTER FUNCTION work.check_references(p_project_id text, p_item_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_references(p_project_id text, p_item_id text) IS 'Refuses a project or an item that does not exist. Errors: PT404 no_project, no_item';

CREATE FUNCTION work.check_run_facts(p_project_id text, p_metadata jsonb, p_tags jsonb, p_times timestamp with time zone[]) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if length(p_project_id) > 500 then
    raise exception using
      errcode = 'PT400', message = 'project_id is too long', constraint = 'invalid_project_id',
      detail = left(p_project_id, 64), hint = 'use at most 500 characters';
  end if;
  if jsonb_typeof(p_metadata) <> 'object' then
    raise exception using
      errcode = 'PT400', message = 'metadata is not an object', constraint = 'invalid_metadata',
      detail = jsonb_typeof(p_metadata), hint = 'send a JSON object, or leave it out';
  end if;
  if jsonb_typeof(p_tags) not in ('object', 'array') then
    raise exception using
      errcode = 'PT400', message = 'tags is neither an object nor an array', constraint = 'invalid_tags',
      detail = jsonb_typeof(p_tags), hint = 'send a JSON object or array, or leave it out';
  end if;
  if exists (
    select from unnest(p_times) as t (at)
    where t.at not between timestamptz '1970-01-01 00:00:00+00' and timestamptz '9999-12-31 00:00:00+00'
  ) then
    raise exception using
      errcode = 'PT400', message = 'a time is out of range', constraint = 'invalid_time',
      detail = array_to_string(p_times, ', '), hint = 'use a time between the years 1970 and 9999';
  end if;
  perform work.check_document(p_what => 'metadata', p_value => p_metadata);
  perform work.check_document(p_what => 'tags', p_value => p_tags);
end
$$;

ALTER FUNCTION work.check_run_facts(p_project_id text, p_metadata jsonb, p_tags jsonb, p_times timestamp with time zone[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_run_facts(p_project_id text, p_metadata jsonb, p_tags jsonb, p_times timestamp with time zone[]) IS 'Refuses malformed facts of a workflow or a run';

CREATE FUNCTION work.check_run_text(p_what text, p_value text, p_bytes integer) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_value is null or btrim(p_value) = '' or octet_length(p_value) > p_bytes then
    raise exception using
      errcode = 'PT400', message = 'a name or an id is missing or too long', constraint = 'invalid_name',
      detail = format('%s: %s', p_what, coalesce(left(p_value, 64), 'null')),
      hint = format('use 1 to %s bytes of UTF-8', p_bytes);
  end if;
end
$$;

ALTER FUNCTION work.check_run_text(p_what text, p_value text, p_bytes integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_run_text(p_what text, p_value text, p_bytes integer) IS 'Refuses a name or an id that is blank or too long';

CREATE FUNCTION work.check_steps(p_steps jsonb) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_found text;
  v_left text[];
  v_next text[];
begin
  perform work.check_document(p_what => 'steps', p_value => p_steps);
  if p_steps is null or jsonb_typeof(p_steps) <> 'array' or jsonb_array_length(p_steps) > 500 or exists (
    select from jsonb_array_elements(p_steps) as s (step)
    where coalesce(jsonb_typeof(s.step -> 'name'), '') <> 'string'
      or octet_length(s.step ->> 'name') not between 1 and 500
      or coalesce(jsonb_typeof(s.step -> 'depends_on'), 'array') <> 'array'
      or jsonb_path_exists(s.step, 'strict $.depends_on[*] ? (@.type() != "string")', silent => true)
  ) then
    raise exception using
      errcode = 'PT422', message = 'the steps are not a list of named steps', constraint = 'invalid_steps',
      detail = coalesce(left(p_steps::text, 200), 'null'),
      hint = 'send up to 500 objects such as {"name": "test", "depends_on": ["build"]}';
  end if;
  select s.step ->> 'name' into v_found from jsonb_array_elements(p_steps) as s (step) group by 1 having count(*) > 1 limit 1;
  if found then
    raise exception using
      errcode = 'PT422', message = 'two steps have one name', constraint = 'duplicate_step', detail = v_found,
      hint = 'give each step a name of its own';
  end if;
  select format('%s depends on %s', s.step ->> 'name', d.name) into v_found
  from jsonb_array_elements(p_steps) as s (step)
  cross join jsonb_array_elements_text(s.step -> 'depends_on') as d (name)
  where not exists (select from jsonb_array_elements(p_steps) as o (step) where o.step ->> 'name' = d.name)
  limit 1;
  if found then
    raise exception using
      errcode = 'PT422', message = 'a step depends on a step that is not there', constraint = 'unknown_dependency',
      detail = v_found, hint = 'name a step of this definition';
  end if;
  -- Takes away, again and again, the steps all of whose dependencies are gone: what stays is in, or behind, a cycle.
  v_left := array(select s.step ->> 'name' from jsonb_array_elements(p_steps) as s (step));
  loop
    v_next := array(
      select s.step ->> 'name' from jsonb_array_elements(p_steps) as s (step)
      where s.step ->> 'name' = any(v_left) and s.step -> 'depends_on' ?| v_left
    );
    exit when cardinality(v_next) in (0, cardinality(v_left));
    v_left := v_next;
  end loop;
  if cardinality(v_next) > 0 then
    raise exception using
      errcode = 'PT422', message = 'steps depend on each other in a circle', constraint = 'step_cycle',
      detail = left(array_to_string(v_next, ', '), 500), hint = 'take one of the dependencies away';
  end if;
end
$_$;

ALTER FUNCTION work.check_steps(p_steps jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_steps(p_steps jsonb) IS 'Refuses a definition whose steps have no unique names, unknown dependencies or a cycle';

CREATE FUNCTION work.check_tasks(p_tasks jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_problem record;
begin
  if jsonb_typeof(p_tasks) is distinct from 'array' then
    raise exception using
      errcode = 'PT400', message = 'tasks are not a JSON array', constraint = 'not_an_array',
      detail = coalesce(jsonb_typeof(p_tasks), 'null'), hint = 'enqueue one task with work.enqueue_task';
  elsif jsonb_array_length(p_tasks) > 10000 then
    raise exception using
      errcode = 'PT413', message = 'the batch has too many tasks', constraint = 'too_many_tasks',
      detail = format('%s tasks, limit 10000', jsonb_array_length(p_tasks)), hint = 'send several batches';
  end if;
  select t.nth, t.problem into v_problem
  from (
    select
      e.nth,
      case
        when jsonb_typeof(e.task) <> 'object' then 'not an object'
        when e.task - array[
          'task_name', 'input_data', 'queue', 'priority', 'delay_seconds', 'scheduled_at', 'unique_key', 'concurrency_key',
          'max_retries', 'timeout_seconds', 'task_type', 'run_id', 'workflow_name', 'agent_id', 'project_id', 'metadata'
        ] <> '{}' then 'unknown key'
        when (length(e.task ->> 'task_name') between 1 and 200) is not true then 'task_name: 1 to 200 characters'
        when e.task ->> 'queue' !~ '^[a-z][a-z0-9_.-]{0,62}$' then 'queue: a-z, then up to 62 of a-z, 0-9, _, . and -'
        when (e.task ->> 'priority')::integer not between 0 and 9 then 'priority: 0 to 9'
        when (e.task ->> 'max_retries')::integer not between 0 and 1000 then 'max_retries: 0 to 1000'
        when (e.task ->> 'timeout_seconds')::integer not between 1 and 604800 then 'timeout_seconds: 1 to 604800'
        when (e.task ->> 'delay_seconds')::double precision not between 0 and 315360000 then 'delay_seconds: 0 to 315360000'
        when e.task ->> 'delay_seconds' is not null and e.task ->> 'scheduled_at' is not null
          then 'delay_seconds or scheduled_at, not both'
        when (e.task ->> 'scheduled_at')::timestamptz not between '1970-01-01 00:00:00+00' and '9999-12-31 00:00:00+00'
          then 'scheduled_at: 1970 to 9999'
        when e.task -> 'metadata' is not null and jsonb_typeof(e.task -> 'metadata') not in ('object', 'null')
          then 'metadata: an object'
        when greatest(
          length(e.task ->> 'unique_key'), length(e.task ->> 'concurrency_key'), length(e.task ->> 'task_type'),
          length(e.task ->> 'run_id'), length(e.task ->> 'workflow_name'), length(e.task ->> 'agent_id'),
          length(e.task ->> 'project_id')
        ) > 500 then 'a key or an id: at most 500 characters'
        when '' in (e.task ->> 'unique_key', e.task ->> 'concurrency_key') then 'unique_key, concurrency_key: not empty'
        when pg_column_size(e.task) > 1048576 then 'over 1 MiB'
      end as problem
    from jsonb_array_elements(p_tasks) with ordinality as e (task, nth)
  ) as t
  where t.problem is not null
  limit 1;
  if not found then
    return;
  elsif v_problem.problem = 'over 1 MiB' then
    raise exception using
      errcode = 'PT413', message = 'a task is too large', constraint = 'task_limit',
      detail = format('task %s is over 1 MiB', v_problem.nth), hint = 'keep what is large as an artifact, and its id in the task';
  end if;
  raise exception using
    errcode = 'PT400', message = 'a task is malformed', constraint = 'invalid_task',
    detail = format('task %s: %s', v_problem.nth, v_problem.problem), hint = 'work.enqueue_tasks names the keys of a task';
end
$_$;

ALTER FUNCTION work.check_tasks(p_tasks jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_tasks(p_tasks jsonb) IS 'Refuses a batch of tasks that has a task which is none. Errors: PT400, PT413';

CREATE FUNCTION work.check_workflow_status(p_status text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if coalesce(p_status, '') not in ('draft', 'active', 'deprecated') then
    raise exception using
      errcode = 'PT400', message = 'this is no status of a workflow', constraint = 'invalid_status',
      detail = coalesce(left(p_status, 64), 'null'), hint = 'use draft, active or deprecated';
  end if;
end
$$;

ALTER FUNCTION work.check_workflow_status(p_status text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_workflow_status(p_status text) IS 'Refuses a status that no workflow has';

CREATE TABLE work.checkpoints (
    thread_key bigint NOT NULL,
    checkpoint_ns text NOT NULL COLLATE pg_catalog."C",
    checkpoint_id text NOT NULL COLLATE pg_catalog."C",
    parent_checkpoint_id text COLLATE pg_catalog."C",
    checkpoint jsonb NOT NULL,
    channel_values jsonb NOT NULL,
    metadata jsonb NOT NULL,
    run_id text GENERATED ALWAYS AS ("left"((metadata ->> 'run_id'::text), 500)) STORED COLLATE pg_catalog."C",
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT checkpoints_channel_values_check CHECK ((jsonb_typeof(channel_values) = 'object'::text)),
    CONSTRAINT checkpoints_checkpoint_check CHECK ((jsonb_typeof(checkpoint) = 'object'::text)),
    CONSTRAINT checkpoints_checkpoint_id_check CHECK (((octet_length(checkpoint_id) >= 1) AND (octet_length(checkpoint_id) <= 500))),
    CONSTRAINT checkpoints_checkpoint_ns_check CHECK ((octet_length(checkpoint_ns) <= 1000)),
    CONSTRAINT checkpoints_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text)),
    CONSTRAINT checkpoints_parent_checkpoint_id_check CHECK ((octet_length(parent_checkpoint_id) <= 500))
);

ALTER TABLE work.checkpoints OWNER TO pylayer_owner;

COMMENT ON TABLE work.checkpoints IS 'States of LangGraph threads, one row a super-step';

COMMENT ON COLUMN work.checkpoints.thread_key IS 'Thread';

COMMENT ON COLUMN work.checkpoints.checkpoint_ns IS 'Namespace: empty for the root graph, the path of a subgraph otherwise';

COMMENT ON COLUMN work.checkpoints.checkpoint_id IS 'Id from LangGraph; later ones are greater';

COMMENT ON COLUMN work.checkpoints.parent_checkpoint_id IS 'Checkpoint that this one came from; null when there is none or it was removed';

COMMENT ON COLUMN work.checkpoints.checkpoint IS 'Versions of the channels and what nodes have seen; no values';

COMMENT ON COLUMN work.checkpoints.channel_values IS 'Reference of each channel''s value, by channel';

COMMENT ON COLUMN work.checkpoints.metadata IS 'What LangGraph and the caller tell of it: source, step, run_id, ...';

COMMENT ON COLUMN work.checkpoints.run_id IS 'Run in metadata, its first 500 characters';

COMMENT ON COLUMN work.checkpoints.created_at IS 'When it was first stored';

CREATE FUNCTION work.checkpoint_as_json(p_row work.checkpoints) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_thread_id text;
  v_writes jsonb;
begin
  select t.thread_id into v_thread_id from work.checkpoint_threads as t where t.thread_key = p_row.thread_key;
  select jsonb_agg(jsonb_build_array(w.task_id, e.value -> 0, e.value -> 1) order by w.task_path, w.task_id, e.key::integer)
  into v_writes
  from work.checkpoint_writes as w
  cross join jsonb_each(w.writes) as e (key, value)
  where w.thread_key = p_row.thread_key and w.checkpoint_ns = p_row.checkpoint_ns and w.checkpoint_id = p_row.checkpoint_id;
  return jsonb_build_object(
    'cursor', jsonb_build_array(p_row.checkpoint_id, p_row.thread_key, p_row.checkpoint_ns),
    'thread_id', v_thread_id,
    'checkpoint_ns', p_row.checkpoint_ns,
    'checkpoint_id', p_row.checkpoint_id,
    'parent_checkpoint_id', p_row.parent_checkpoint_id,
    'checkpoint', p_row.checkpoint,
    'metadata', p_row.metadata,
    'channel_values', p_row.channel_values,
    'writes', coalesce(v_writes, '[]')
  );
end
$$;

ALTER FUNCTION work.checkpoint_as_json(p_row work.checkpoints) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.checkpoint_as_json(p_row work.checkpoints) IS 'A checkpoint with what was written after it, as work.list_checkpoints returns it';

CREATE FUNCTION work.checkpoint_thread_keys(p_thread_ids jsonb) RETURNS bigint[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if jsonb_typeof(p_thread_ids) is distinct from 'array' then
    raise exception using
      errcode = 'PT400', message = 'thread ids are not an array', constraint = 'invalid_thread_ids',
      detail = coalesce(jsonb_typeof(p_thread_ids), 'null'), hint = 'give an array of texts';
  end if;
  return array(
    select t.thread_key from work.checkpoint_threads as t
    where t.thread_id in (select i.id from jsonb_array_elements_text(p_thread_ids) as i (id))
  );
end
$$;

ALTER FUNCTION work.checkpoint_thread_keys(p_thread_ids jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.checkpoint_thread_keys(p_thread_ids jsonb) IS 'Numbers of threads. Errors: PT400 invalid_thread_ids';

CREATE FUNCTION work.claim_execution(p_run_id text, p_worker text, p_lease_seconds integer DEFAULT 300) RETURNS work.execution_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_now timestamptz;
  v_run work.workflow_executions;
begin
  perform work.check_run_text(p_what => 'worker', p_value => p_worker, p_bytes => 200);
  if p_lease_seconds is null or p_lease_seconds not between 1 and 86400 then
    raise exception using
      errcode = 'PT400', message = 'a lease is out of range', constraint = 'invalid_lease',
      detail = coalesce(p_lease_seconds::text, 'null'), hint = 'use 1 to 86400 seconds';
  end if;
  select e.* into v_run from work.workflow_executions as e where e.run_id = p_run_id for no key update;
  v_now := clock_timestamp();
  if v_run.completed_at is not null or v_run.run_id is null then
    perform work.refuse_run(p_run_id => p_run_id, p_status => v_run.status);
  end if;
  if v_run.deadline <= v_now then
    raise exception using
      errcode = 'PT409', message = 'the deadline of the run has passed', constraint = 'deadline_passed',
      detail = format('run %s: %s', p_run_id, v_run.deadline), hint = 'maintenance makes it fail';
  end if;
  if v_run.status = 'running' and v_run.due_at > v_now and v_run.worker <> p_worker then
    raise exception using
      errcode = 'PT409', message = 'another worker has the run', constraint = 'run_leased',
      detail = format('run %s: %s until %s', p_run_id, v_run.worker, v_run.due_at), hint = 'try again when the lease has ended';
  end if;
  if v_run.status <> 'running' and (v_run.due_at is null or v_run.due_at > v_now) then
    raise exception using
      errcode = 'PT409', message = 'the run is not due', constraint = 'not_due',
      detail = concat_ws(' ', 'run', p_run_id, 'waits for', v_run.waiting_for, 'until', v_run.due_at),
      hint = 'work.due_executions lists the runs that are';
  end if;
  update work.workflow_executions as e
  set
    status = 'running', reason = null, actor = p_worker, attempt = e.attempt + 1, worker = p_worker,
    lease_seconds = p_lease_seconds, waiting_for = null, due_at = v_now + make_interval(secs => p_lease_seconds),
    updated_at = v_now
  where e.run_id = p_run_id
  returning e.* into v_run;
  return work.execution_of(v_run, false);
end
$$;

ALTER FUNCTION work.claim_execution(p_run_id text, p_worker text, p_lease_seconds integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.claim_execution(p_run_id text, p_worker text, p_lease_seconds integer) IS 'Claims a run that is due, for a lease. Errors: PT400, PT404 no_run, PT409 run_ended, run_leased, not_due, deadline_passed';

CREATE FUNCTION work.claim_tasks(p_worker text, p_queues text[] DEFAULT '{default}'::text[], p_n integer DEFAULT 1, p_lease_seconds integer DEFAULT 60) RETURNS SETOF work.claimed_task
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
  if (p_n between 1 and 1000) is not true then
    perform work.check_claim(
      p_worker => p_worker, p_queues => p_queues, p_n => p_n, p_lease_seconds => p_lease_seconds
    );
  end if;
  return query
  select
    c.execution_id, c.lease, c.lease_expires_at, c.queue, c.task_name, c.task_type, c.priority, c.retry_count, c.max_retries,
    c.timeout_seconds, c.input_data, c.run_id, c.workflow_name, c.agent_id, c.project_id, c.metadata, c.scheduled_at,
    c.started_at
  from work.complete_tasks(
    p_tasks => '[]', p_worker => p_worker, p_queues => p_queues, p_n => p_n, p_lease_seconds => p_lease_seconds
  ) as c;
end
$$;

ALTER FUNCTION work.claim_tasks(p_worker text, p_queues text[], p_n integer, p_lease_seconds integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.claim_tasks(p_worker text, p_queues text[], p_n integer, p_lease_seconds integer) IS 'Hands out ready tasks to a worker, each under a lease. Errors: PT400';

CREATE FUNCTION work.clear_cached(p_namespaces jsonb DEFAULT NULL::jsonb) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_removed bigint;
begin
  if jsonb_typeof(p_namespaces) <> 'array' then
    raise exception using
      errcode = 'PT400', message = 'namespaces are not an array', constraint = 'invalid_namespaces',
      detail = jsonb_typeof(p_namespaces), hint = 'give an array of texts, or null for all';
  end if;
  delete from work.graph_cache as c
  where p_namespaces is null
    or c.namespace in (select n.namespace from jsonb_array_elements_text(p_namespaces) as n (namespace));
  get diagnostics v_removed = row_count;
  return v_removed;
end
$$;

ALTER FUNCTION work.clear_cached(p_namespaces jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.clear_cached(p_namespaces jsonb) IS 'Removes results from the cache of graphs. Errors: PT400 invalid_namespaces';

CREATE FUNCTION work.commit_upload(p_upload_id text) RETURNS work.version_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_upload work.artifact_uploads := work.lock_upload(p_upload_id => p_upload_id);
  v_latest integer;
  v_latest_hash text;
  v_created boolean;
  v_result integer;
begin
  if v_upload.state in ('committed', 'unchanged') then
    return work.version_of(
      p_artifact_id => v_upload.artifact_id, p_version => v_upload.result_version, p_created => false
    );
  end if;
  if v_upload.state = 'aborted' then
    raise exception using
      errcode = 'PT410', message = 'the upload was aborted', constraint = 'upload_aborted', detail = p_upload_id,
      hint = 'begin another upload';
  end if;
  -- The clock decides, not the mark of maintenance: past it, the object may be deleted at any moment.
  if v_upload.state = 'expired' or v_upload.expires_at <= clock_timestamp() then
    raise exception using
      errcode = 'PT410', message = 'the upload has expired', constraint = 'upload_expired',
      detail = format('upload %s, expired at %s', p_upload_id, v_upload.expires_at),
      hint = 'begin another upload';
  end if;
  select a.latest_version, a.latest_content_hash into v_latest, v_latest_hash
  from work.artifacts as a
  where a.artifact_id = v_upload.artifact_id;
  perform work.check_expected_version(p_expected_version => v_upload.expected_version, p_latest_version => v_latest);

  v_created := v_latest_hash is distinct from v_upload.content_hash;
  v_result := v_latest;
  if v_created then
    insert into work.artifact_versions (
      artifact_id, version, mime_type, size_bytes, content_hash, storage_backend, storage_key, preview_text,
      extracted_fields
    ) values (
      v_upload.artifact_id, v_upload.version, v_upload.mime_type, v_upload.size_bytes, v_upload.content_hash, 's3',
      v_upload.storage_key, v_upload.preview_text, v_upload.extracted_fields
    );
    update work.artifacts as a
    set latest_version = v_upload.version, latest_content_hash = v_upload.content_hash
    where a.artifact_id = v_upload.artifact_id and a.latest_version < v_upload.version;
    v_result := v_upload.version;
  end if;
  perform work.set_artifact_fields(
    p_artifact_id => v_upload.artifact_id, p_tags => v_upload.tags, p_owner_item_id => v_upload.owner_item_id,
    p_owner_run_id => v_upload.owner_run_id, p_project_id => v_upload.project_id
  );
  perform work.finish_upload(
    p_upload_id => p_upload_id,
    p_state => case when v_created then 'committed'::work.upload_state else 'unchanged'::work.upload_state end,
    p_result_version => v_result
  );
  return work.version_of(p_artifact_id => v_upload.artifact_id, p_version => v_result, p_created => v_created);
end
$$;

ALTER FUNCTION work.commit_upload(p_upload_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.commit_upload(p_upload_id text) IS 'Makes the version of a finished upload; safe to repeat. Errors: PT404 no_upload, PT409 stale_version, PT410 upload_expired, upload_aborted';

CREATE FUNCTION work.complete_execution(p_run_id text, p_attempt integer, p_outputs jsonb DEFAULT NULL::jsonb) RETURNS work.execution_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_run work.workflow_executions;
begin
  perform work.lock_waiting_parent(p_run_id => p_run_id);
  v_run := work.lock_execution(p_run_id => p_run_id, p_attempt => p_attempt, p_ending => 'completed');
  perform work.check_document(p_what => 'outputs', p_value => p_outputs);
  if v_run.status = 'running' then
    update work.workflow_executions as e
    set status = 'completed', reason = null, actor = e.worker, outputs = p_outputs, updated_at = clock_timestamp()
    where e.run_id = p_run_id
    returning e.* into v_run;
  end if;
  return work.execution_of(v_run, false);
end
$$;

ALTER FUNCTION work.complete_execution(p_run_id text, p_attempt integer, p_outputs jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.complete_execution(p_run_id text, p_attempt integer, p_outputs jsonb) IS 'Completes a run with its result. Errors: PT404 no_run, PT409 stale_attempt, run_ended, deadline_passed, PT413 value_limit';

CREATE FUNCTION work.complete_step(p_run_id text, p_attempt integer, p_step_name text, p_output jsonb DEFAULT NULL::jsonb, p_duration_ms bigint DEFAULT NULL::bigint, p_state_data jsonb DEFAULT NULL::jsonb) RETURNS work.step_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return work.record_step(
    p_run => work.lock_execution(p_run_id => p_run_id, p_attempt => p_attempt), p_step_name => p_step_name,
    p_status => 'completed', p_output => p_output, p_duration_ms => p_duration_ms, p_state_data => p_state_data
  );
end
$$;

ALTER FUNCTION work.complete_step(p_run_id text, p_attempt integer, p_step_name text, p_output jsonb, p_duration_ms bigint, p_state_data jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.complete_step(p_run_id text, p_attempt integer, p_step_name text, p_output jsonb, p_duration_ms bigint, p_state_data jsonb) IS 'Records the result of a step, once. Errors: PT400, PT404 no_run, PT409 stale_attempt, run_ended, PT413 value_limit';

CREATE FUNCTION work.complete_task(p_execution_id text, p_lease uuid, p_output_data jsonb DEFAULT NULL::jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if exists (
    select from work.complete_tasks(p_tasks => jsonb_build_array(jsonb_build_object(
      'execution_id', p_execution_id, 'lease', p_lease, 'output_data', p_output_data
    )))
  ) then
    perform work.refuse_lease(p_execution_id => p_execution_id, p_lease => p_lease);
  end if;
end
$$;

ALTER FUNCTION work.complete_task(p_execution_id text, p_lease uuid, p_output_data jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.complete_task(p_execution_id text, p_lease uuid, p_output_data jsonb) IS 'Completes one task. Errors: PT404 no_task, PT409 lease_lost, lease_expired, PT413';

CREATE FUNCTION work.complete_tasks(p_tasks jsonb, p_worker text DEFAULT NULL::text, p_queues text[] DEFAULT '{default}'::text[], p_n integer DEFAULT 0, p_lease_seconds integer DEFAULT 60) RETURNS TABLE(outcome text, execution_id text, lease uuid, lease_expires_at timestamp with time zone, queue text, task_name text, task_type text, priority integer, retry_count integer, max_retries integer, timeout_seconds integer, input_data jsonb, run_id text, workflow_name text, agent_id text, project_id text, metadata jsonb, scheduled_at timestamp with time zone, started_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $_$
#variable_conflict use_column
declare
  v_now timestamptz := clock_timestamp();
  v_done integer;
  v_ids text[];
  v_queues text[];
  v_has_keys boolean;
  v_places tid[];
  v_lease uuid := gen_random_uuid();
begin
  if (
    jsonb_typeof(p_tasks) = 'array' and jsonb_array_length(p_tasks) <= 1000 and pg_column_size(p_tasks) <= 1048576
    and not jsonb_path_exists(p_tasks, 'strict $[*] ? (@.type() != "object")')
  ) is not true then
    perform work.check_completions(p_tasks => p_tasks);
  end if;
  with done as (
    update work.task_executions as t
    set
      status = 'completed',
      output_data = d.output_data,
      error = null,
      lease_expires_at = null,
      finished_at = v_now,
      execution_time_ms = greatest(date_part('epoch', v_now - t.started_at) * 1000, 0)
    from jsonb_to_recordset(p_tasks) as d (execution_id text, lease uuid, output_data jsonb)
    where t.execution_id = d.execution_id
      -- Coalesced, so that no plan goes through all leases for it.
      and coalesce(t.lease = d.lease and t.status = 'running' and t.lease_expires_at > v_now, false)
    returning t.execution_id, t.queue, t.concurrency_key
  )
  select count(*)::integer, array_agg(d.execution_id), array_agg(d.queue), count(d.concurrency_key) > 0
  into v_done, v_ids, v_queues, v_has_keys
  from done as d;
  if v_has_keys or exists (select from work.queues as q where q.queue = any(v_queues) and q.events <> 'none') then
    perform work.settle_changes(array(
      select row(
        t.execution_id, t.queue, 'running', 'completed', t.run_id, t.workflow_name, t.project_id, t.concurrency_key, null,
        t.worker, t.started_at
      )::work.task_change
      from work.task_executions as t
      where t.execution_id = any(v_ids)
    ));
  end if;

  if v_done < jsonb_array_length(p_tasks) then
    return query
    select
      work.lease_problem(p_execution_id => d.execution_id, p_lease => d.lease), d.execution_id, null::uuid,
      null::timestamptz, null::text, null::text, null::text, null::integer, null::integer, null::integer, null::integer,
      null::jsonb, null::text, null::text, null::text, null::text, null::jsonb, null::timestamptz, null::timestamptz
    from jsonb_to_recordset(p_tasks) as d (execution_id text, lease uuid)
    where not exists (
      select from work.task_executions as t
      where t.execution_id = d.execution_id and t.lease = d.lease and t.status = 'completed'
    );
  end if;
  if p_n <> 0 then
    if (
      length(p_worker) between 1 and 200 and cardinality(p_queues) between 1 and 100 and p_n between 1 and 1000
      and p_lease_seconds between 1 and 3600
    ) is not true then
      perform work.check_claim(
        p_worker => p_worker, p_queues => p_queues, p_n => p_n, p_lease_seconds => p_lease_seconds
      );
    end if;
    v_now := clock_timestamp();  -- leases begin after what the completions waited for
    v_places := work.pick_tasks(p_worker => p_worker, p_queues => p_queues, p_n => p_n);
    -- No sort: a nested loop, the only join that is left, keeps the order of the places.
    return query
    update work.task_executions as t
    set
      status = 'running',
      lease = v_lease,
      lease_expires_at = v_now + make_interval(secs => least(p_lease_seconds, t.timeout_seconds)),
      started_at = v_now,
      worker = p_worker
    from unnest(v_places) as p (place)
    where t.ctid = p.place
    returning
      'claimed', t.execution_id::text, t.lease, t.lease_expires_at, t.queue, t.task_name::text, t.task_type,
      t.priority::integer, t.retry_count::integer, t.max_retries::integer, t.timeout_seconds::integer, t.input_data, t.run_id,
      t.workflow_name, t.agent_id, t.project_id, t.metadata, t.scheduled_at, t.started_at;
  end if;
end
$_$;

ALTER FUNCTION work.complete_tasks(p_tasks jsonb, p_worker text, p_queues text[], p_n integer, p_lease_seconds integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.complete_tasks(p_tasks jsonb, p_worker text, p_queues text[], p_n integer, p_lease_seconds integer) IS 'Completes tasks, and claims others in the same transaction when asked to. Errors: PT400, PT409 not_read_committed, PT413';

CREATE FUNCTION work.confirm_blob_deleted(p_artifact_id text, p_version integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update work.artifact_tombstones as t set object_deleted_at = clock_timestamp()
  where t.artifact_id = p_artifact_id and t.version = p_version and t.object_deleted_at is null;
  if found then
    return true;
  end if;
  if not exists (
    select from work.artifact_tombstones as t where t.artifact_id = p_artifact_id and t.version = p_version
  ) then
    raise exception using
      errcode = 'PT404', message = 'the content was not deleted', constraint = 'no_tombstone',
      detail = format('artifact %s, version %s', left(p_artifact_id, 64), p_version),
      hint = 'delete it first: work.delete_blob';
  end if;
  return false;
end
$$;

ALTER FUNCTION work.confirm_blob_deleted(p_artifact_id text, p_version integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.confirm_blob_deleted(p_artifact_id text, p_version integer) IS 'Records that the object of deleted content is gone; true the first time. Errors: PT404 no_tombstone';

CREATE FUNCTION work.copy_checkpoint_thread(p_source_thread_id text, p_target_thread_id text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_source bigint;
  v_target bigint;
  v_copied bigint;
begin
  if not exists (select from work.checkpoint_threads as t where t.thread_id = p_source_thread_id) then
    return 0::bigint;
  end if;
  if p_source_thread_id < p_target_thread_id collate "C" then
    v_source := work.lock_checkpoint_thread(p_thread_id => p_source_thread_id);
  end if;
  v_target := work.lock_checkpoint_thread(p_thread_id => p_target_thread_id);
  if v_source is null then
    v_source := work.lock_checkpoint_thread(p_thread_id => p_source_thread_id);
  end if;
  insert into work.checkpoints (
    thread_key, checkpoint_ns, checkpoint_id, parent_checkpoint_id, checkpoint, channel_values, metadata, created_at
  )
  select
    v_target, c.checkpoint_ns, c.checkpoint_id, c.parent_checkpoint_id, c.checkpoint, c.channel_values, c.metadata,
    c.created_at
  from work.checkpoints as c
  where c.thread_key = v_source
  order by c.checkpoint_ns, c.checkpoint_id
  on conflict do nothing;
  get diagnostics v_copied = row_count;
  insert into work.checkpoint_writes (thread_key, checkpoint_ns, checkpoint_id, task_id, task_path, writes, created_at)
  select v_target, w.checkpoint_ns, w.checkpoint_id, w.task_id, w.task_path, w.writes, w.created_at
  from work.checkpoint_writes as w
  where w.thread_key = v_source
  order by w.checkpoint_ns, w.checkpoint_id, w.task_id
  on conflict do nothing;
  -- Last: who stores in the source meanwhile notes a use before what uses it.
  insert into work.checkpoint_blob_uses (thread_key, blob_id)
  select v_target, u.blob_id from work.checkpoint_blob_uses as u where u.thread_key = v_source order by u.blob_id
  on conflict do nothing;
  return v_copied;
end
$$;

ALTER FUNCTION work.copy_checkpoint_thread(p_source_thread_id text, p_target_thread_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.copy_checkpoint_thread(p_source_thread_id text, p_target_thread_id text) IS 'Copies a thread, its values shared; what the target has stays. Errors: PT400 invalid_thread_id';

CREATE FUNCTION work.create_artifact(p_type text, p_content text, p_mime_type text DEFAULT 'text/plain'::text, p_artifact_id text DEFAULT NULL::text, p_expected_version integer DEFAULT NULL::integer, p_content_hash text DEFAULT NULL::text, p_preview_text text DEFAULT NULL::text, p_extracted_fields jsonb DEFAULT NULL::jsonb, p_tags jsonb DEFAULT NULL::jsonb, p_owner_item_id text DEFAULT NULL::text, p_owner_run_id text DEFAULT NULL::text, p_project_id text DEFAULT NULL::text) RETURNS work.version_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return work.write_inline(
    p_artifact_id => p_artifact_id, p_type => coalesce(p_type, ''), p_content => p_content,
    p_mime_type => coalesce(p_mime_type, 'text/plain'), p_expected_version => p_expected_version,
    p_content_hash => p_content_hash, p_preview_text => p_preview_text, p_extracted_fields => p_extracted_fields,
    p_tags => p_tags, p_owner_item_id => p_owner_item_id, p_owner_run_id => p_owner_run_id, p_project_id => p_project_id
  );
end
$$;

ALTER FUNCTION work.create_artifact(p_type text, p_content text, p_mime_type text, p_artifact_id text, p_expected_version integer, p_content_hash text, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.create_artifact(p_type text, p_content text, p_mime_type text, p_artifact_id text, p_expected_version integer, p_content_hash text, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) IS 'Makes an artifact with inline content, or its next version. Errors: PT400, PT409 type_mismatch, stale_version, hash_mismatch, PT413 inline_limit';

CREATE FUNCTION work.create_item(p_item_type text, p_title text, p_fields jsonb DEFAULT '{}'::jsonb, p_item_id text DEFAULT NULL::text, p_state text DEFAULT NULL::text, p_actor text DEFAULT NULL::text, p_run_id text DEFAULT NULL::text) RETURNS work.item_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_fields jsonb := coalesce(p_fields, '{}') || jsonb_build_object('title', p_title);
  v_state text := coalesce(p_state, (
    select s.state from work.item_states as s where s.item_type = p_item_type and s.is_initial order by s.position limit 1
  ));
  v_row work.items;
  v_item work.item_info;
begin
  if v_state is null or not exists (select from work.item_states as s where s.item_type = p_item_type) then
    raise exception using
      errcode = 'PT400', message = 'there is no such type of item', constraint = 'invalid_item_type',
      detail = coalesce(left(p_item_type, 64), 'null'), hint = format('types: %s', (
        select string_agg(distinct s.item_type, ', ') from work.item_states as s
      ));
  end if;
  if length(p_item_id) not between 1 and 200 or p_item_id ~ '[[:cntrl:]]' or p_item_id <> btrim(p_item_id) then
    raise exception using
      errcode = 'PT400', message = 'the id of an item is malformed', constraint = 'invalid_item_id',
      detail = left(p_item_id, 200), hint = '1 to 200 characters, no control characters, no blanks around it';
  end if;
  perform work.check_context(p_actor => p_actor, p_run_id => p_run_id);
  perform work.check_item_fields(p_fields => v_fields);
  v_row := jsonb_populate_record(null::work.items, v_fields);
  insert into work.items as i (
    item_id, project_id, item_type, title, description, priority, state, github_repository, github_number, github_node_id,
    github_url, ai_analysis, ai_suggestions, tags, metadata, created_by, run_id
  )
  values (
    coalesce(p_item_id, core.new_ulid()), v_row.project_id, p_item_type, p_title, v_row.description,
    coalesce(v_row.priority, 2), v_state, v_row.github_repository, v_row.github_number, v_row.github_node_id,
    v_row.github_url, v_row.ai_analysis, v_row.ai_suggestions, v_row.tags, v_row.metadata,
    coalesce(p_actor, session_user), p_run_id
  )
  on conflict do nothing
  returning i.item_id into v_row.item_id;
  if not found then
    -- A statement of its own sees the row that a session committed while the one above waited for it.
    select i.item_id into v_row.item_id from work.items as i
    where i.item_id = p_item_id
      and i.item_type = p_item_type
      and not exists (select from jsonb_each(v_fields) as f where to_jsonb(i) -> f.key is distinct from f.value);
  end if;
  select r.* into v_item from work.item_rows(p_item_ids => array[v_row.item_id]) as r;
  if not found then
    raise exception using
      errcode = 'PT409', message = 'there is another item with this id or this place on GitHub', constraint = 'item_exists',
      detail = format('item %s', left(p_item_id, 200)), hint = 'change that one, or take another id; work.restore_item brings back one that was removed';
  end if;
  return v_item;
end
$$;

ALTER FUNCTION work.create_item(p_item_type text, p_title text, p_fields jsonb, p_item_id text, p_state text, p_actor text, p_run_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.create_item(p_item_type text, p_title text, p_fields jsonb, p_item_id text, p_state text, p_actor text, p_run_id text) IS 'Makes an item in an initial state of its type; safe to repeat with an id. Errors: PT400, PT404 no_project, PT409 illegal_initial_state, item_exists, PT413 field_limit';

CREATE FUNCTION work.create_version(p_artifact_id text, p_content text, p_mime_type text DEFAULT NULL::text, p_expected_version integer DEFAULT NULL::integer, p_content_hash text DEFAULT NULL::text, p_preview_text text DEFAULT NULL::text, p_extracted_fields jsonb DEFAULT NULL::jsonb) RETURNS work.version_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return work.write_inline(
    p_artifact_id => coalesce(p_artifact_id, ''), p_type => null, p_content => p_content, p_mime_type => p_mime_type,
    p_expected_version => p_expected_version, p_content_hash => p_content_hash, p_preview_text => p_preview_text,
    p_extracted_fields => p_extracted_fields, p_tags => null, p_owner_item_id => null, p_owner_run_id => null,
    p_project_id => null
  );
end
$$;

ALTER FUNCTION work.create_version(p_artifact_id text, p_content text, p_mime_type text, p_expected_version integer, p_content_hash text, p_preview_text text, p_extracted_fields jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.create_version(p_artifact_id text, p_content text, p_mime_type text, p_expected_version integer, p_content_hash text, p_preview_text text, p_extracted_fields jsonb) IS 'Makes the next version of an artifact with inline content. Errors: PT400, PT404 no_artifact, PT409 stale_version, hash_mismatch, PT413 inline_limit';

CREATE FUNCTION work.decision_rows(p_decision_ids text[]) RETURNS SETOF work.decision_info
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
    d.decision_id::text,
    d.project_id,
    d.item_id,
    d.title,
    d.decision,
    d.rationale,
    d.alternatives,
    d.supersedes_id::text,
    n.decision_id::text,
    d.decided_by,
    d.run_id,
    d.decided_at
  from work.decisions as d
  left join work.decisions as n on n.supersedes_id = d.decision_id
  where d.decision_id = any(p_decision_ids)
$$;

ALTER FUNCTION work.decision_rows(p_decision_ids text[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.decision_rows(p_decision_ids text[]) IS 'Decisions by id, as functions return them';

CREATE FUNCTION work.delete_blob(p_artifact_id text, p_version integer, p_reason text) RETURNS TABLE(artifact_id text, version integer, storage_key text, deleted boolean, deleted_by text, deleted_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_latest integer;
begin
  if p_reason is null or length(btrim(p_reason)) = 0 or length(p_reason) > 1000 then
    raise exception using
      errcode = 'PT400', message = 'the reason is missing or too long', constraint = 'invalid_reason',
      detail = format('%s characters', length(p_reason)), hint = 'say in 1 to 1000 characters why the content goes';
  end if;
  select a.latest_version into v_latest from work.artifacts as a where a.artifact_id = p_artifact_id for no key update;
  select v.artifact_id::text, v.version, v.storage_key into artifact_id, version, storage_key
  from work.artifact_versions as v
  where v.artifact_id = p_artifact_id and v.version = p_version;
  if not found then
    perform work.refuse_missing(p_artifact_id => p_artifact_id, p_version => p_version);
  end if;
  if storage_key is null then
    raise exception using
      errcode = 'PT409', message = 'inline content cannot be deleted', constraint = 'inline_content',
      detail = format('artifact %s, version %s', artifact_id, version),
      hint = 'only content in object storage can be deleted';
  end if;
  insert into work.artifact_tombstones (artifact_id, version, storage_key, reason, deleted_by, deleted_as)
  values (
    p_artifact_id, p_version, delete_blob.storage_key, p_reason, session_user,
    nullif(current_setting('role'), 'none')
  )
  on conflict do nothing;
  deleted := found;
  if deleted then
    update work.artifacts as a set latest_content_hash = null
    where a.artifact_id = p_artifact_id and p_version = v_latest;
  end if;
  select t.deleted_by, t.deleted_at into deleted_by, deleted_at
  from work.artifact_tombstones as t
  where t.artifact_id = p_artifact_id and t.version = p_version;
  return next;
end
$$;

ALTER FUNCTION work.delete_blob(p_artifact_id text, p_version integer, p_reason text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.delete_blob(p_artifact_id text, p_version integer, p_reason text) IS 'Deletes the content of a version from object storage and records who and why. Errors: PT400 invalid_reason, PT404 no_artifact, no_version, PT409 inline_content';

CREATE FUNCTION work.delete_checkpoint_threads(p_thread_ids jsonb) RETURNS TABLE(checkpoints bigint, blobs bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_threads bigint[] := work.checkpoint_thread_keys(p_thread_ids => p_thread_ids);
begin
  perform work.lock_checkpoint_threads(p_threads => v_threads);
  delete from work.checkpoints as c where c.thread_key = any(v_threads);
  get diagnostics checkpoints = row_count;
  delete from work.checkpoint_writes as w where w.thread_key = any(v_threads);
  blobs := work.release_checkpoint_blobs(p_threads => v_threads);
  delete from work.checkpoint_threads as t where t.thread_key = any(v_threads);
  return next;
end
$$;

ALTER FUNCTION work.delete_checkpoint_threads(p_thread_ids jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.delete_checkpoint_threads(p_thread_ids jsonb) IS 'Removes threads with all that is stored for them. Errors: PT400 invalid_thread_ids';

CREATE FUNCTION work.delete_checkpoints_of_runs(p_run_ids jsonb) RETURNS TABLE(checkpoints bigint, blobs bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_runs text[];
  v_threads bigint[];
begin
  if jsonb_typeof(p_run_ids) is distinct from 'array' then
    raise exception using
      errcode = 'PT400', message = 'run ids are not an array', constraint = 'invalid_run_ids',
      detail = coalesce(jsonb_typeof(p_run_ids), 'null'), hint = 'give an array of texts';
  end if;
  v_runs := array(select left(i.id, 500) from jsonb_array_elements_text(p_run_ids) as i (id));
  v_threads := array(select distinct c.thread_key from work.checkpoints as c where c.run_id = any(v_runs));
  perform work.lock_checkpoint_threads(p_threads => v_threads);
  return query
  select r.checkpoints, r.blobs
  from work.remove_checkpoints(
    p_threads => v_threads,
    p_keys => (
      select coalesce(jsonb_agg(jsonb_build_array(c.thread_key, c.checkpoint_ns, c.checkpoint_id)), '[]')
      from work.checkpoints as c
      where c.run_id = any(v_runs) and c.thread_key = any(v_threads)
    )
  ) as r;
end
$$;

ALTER FUNCTION work.delete_checkpoints_of_runs(p_run_ids jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.delete_checkpoints_of_runs(p_run_ids jsonb) IS 'Removes the checkpoints of runs. Errors: PT400 invalid_run_ids';

CREATE FUNCTION work.delete_comment(p_comment_id text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update work.comments as c set deleted_at = clock_timestamp() where c.comment_id = p_comment_id and c.deleted_at is null;
  if found then
    return true;
  end if;
  if not exists (select from work.comments as c where c.comment_id = p_comment_id) then
    raise exception using
      errcode = 'PT404', message = 'there is no such comment', constraint = 'no_comment',
      detail = coalesce(left(p_comment_id, 64), 'null'), hint = 'work.list_comments shows those of an item';
  end if;
  return false;
end
$$;

ALTER FUNCTION work.delete_comment(p_comment_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.delete_comment(p_comment_id text) IS 'Marks a comment as removed; safe to repeat. Errors: PT404 no_comment';

CREATE FUNCTION work.delete_item(p_item_id text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update work.items as i set deleted_at = clock_timestamp() where i.item_id = p_item_id and i.deleted_at is null;
  if found then
    return true;
  end if;
  if not exists (select from work.items as i where i.item_id = p_item_id) then
    perform work.refuse_missing_item(p_item_id => p_item_id);
  end if;
  return false;
end
$$;

ALTER FUNCTION work.delete_item(p_item_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.delete_item(p_item_id text) IS 'Marks an item as removed; safe to repeat. Errors: PT404 no_item';

CREATE FUNCTION work.delete_project(p_project_id text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update work.projects as p set deleted_at = clock_timestamp() where p.project_id = p_project_id and p.deleted_at is null;
  if found then
    return true;
  end if;
  if not exists (select from work.projects as p where p.project_id = p_project_id) then
    perform work.check_references(p_project_id => coalesce(p_project_id, ''), p_item_id => null);
  end if;
  return false;
end
$$;

ALTER FUNCTION work.delete_project(p_project_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.delete_project(p_project_id text) IS 'Marks a project as removed; safe to repeat. Errors: PT404 no_project';

CREATE FUNCTION work.delta_channel_history(p_thread_id text, p_checkpoint_ns text, p_checkpoint_id text, p_channels jsonb) RETURNS TABLE(channels jsonb, blobs jsonb, data bytea)
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  v_thread bigint := (select t.thread_key from work.checkpoint_threads as t where t.thread_id = p_thread_id);
begin
  if jsonb_typeof(p_channels) is distinct from 'array' then
    raise exception using
      errcode = 'PT400', message = 'channels are not an array', constraint = 'invalid_channels',
      detail = coalesce(jsonb_typeof(p_channels), 'null'), hint = 'give an array of names';
  end if;
  return query
  with recursive walk as (
    select e.channel, t.parent_checkpoint_id as next_id, null::text collate "C" as checkpoint_id, null::jsonb as seed, 0 as steps
    from (
      select c.parent_checkpoint_id
      from work.checkpoints as c
      where c.thread_key = v_thread and c.checkpoint_ns = p_checkpoint_ns
        and c.checkpoint_id = coalesce(
          p_checkpoint_id,
          (
            select max(l.checkpoint_id) from work.checkpoints as l
            where l.thread_key = v_thread and l.checkpoint_ns = p_checkpoint_ns
          )
        )
    ) as t
    cross join (select distinct a.channel from jsonb_array_elements_text(p_channels) as a (channel)) as e
    union all
    select
      w.channel,
      case when not c.channel_values ? w.channel then c.parent_checkpoint_id end,
      c.checkpoint_id,
      c.channel_values -> w.channel,
      w.steps + 1
    from walk as w
    join work.checkpoints as c
      on c.thread_key = v_thread and c.checkpoint_ns = p_checkpoint_ns and c.checkpoint_id = w.next_id
    where w.steps < 1000000  -- parents that a caller put in a circle
  ),
  written as materialized (
    select k.channel, k.steps, w.task_path, w.task_id, e.key::integer as nth, e.value -> 1 as reference
    from walk as k
    cross join lateral (
      select a.task_path, a.task_id, a.writes
      from work.checkpoint_writes as a
      where a.thread_key = v_thread and a.checkpoint_ns = p_checkpoint_ns and a.checkpoint_id = k.checkpoint_id
      offset 0  -- keeps it a lookup for each step: the walk is short, the thread may be long
    ) as w
    cross join jsonb_each(w.writes) as e (key, value)
    where e.value ->> 0 = k.channel
  ),
  found as materialized (
    select
      k.channel,
      jsonb_strip_nulls(
        jsonb_build_object(
          'seed', (array_agg(k.seed) filter (where k.seed is not null))[1],
          'writes', (
            select coalesce(
              jsonb_agg(jsonb_build_array(w.task_id, w.reference) order by w.steps desc, w.task_path, w.task_id, w.nth), '[]'
            )
            from written as w where w.channel = k.channel
          )
        )
      ) as history
    from walk as k
    group by k.channel
  )
  select
    (select coalesce(jsonb_object_agg(f.channel, f.history), '{}') from found as f),
    b.blobs,
    b.data
  from work.read_checkpoint_blobs(
    p_blobs => array(
      select r.blob_id
      from found as f, work.referenced_blob_ids(jsonb_build_object('seed', f.history -> 'seed')) as r (blob_id)
      union
      select r.blob_id from written as w, work.referenced_blob_ids(jsonb_build_object('write', w.reference)) as r (blob_id)
    )
  ) as b;
end
$$;

ALTER FUNCTION work.delta_channel_history(p_thread_id text, p_checkpoint_ns text, p_checkpoint_id text, p_channels jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.delta_channel_history(p_thread_id text, p_checkpoint_ns text, p_checkpoint_id text, p_channels jsonb) IS 'What channels that store only changes are made of: writes of ancestors and the value they started from. Errors: PT400 invalid_channels';

CREATE FUNCTION work.detach_artifact(p_item_id text, p_artifact_id text, p_version integer DEFAULT NULL::integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform work.check_references(p_project_id => null, p_item_id => coalesce(p_item_id, ''));
  update work.attachments as t
  set detached_at = clock_timestamp()
  where t.item_id = p_item_id
    and t.artifact_id = p_artifact_id
    and (p_version is null or t.version = p_version)
    and t.detached_at is null;
  return found;
end
$$;

ALTER FUNCTION work.detach_artifact(p_item_id text, p_artifact_id text, p_version integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.detach_artifact(p_item_id text, p_artifact_id text, p_version integer) IS 'Detaches an artifact from an item; safe to repeat. Errors: PT404 no_item';

CREATE FUNCTION work.due_executions(p_workflow_ids text[] DEFAULT NULL::text[], p_limit integer DEFAULT 10) RETURNS SETOF work.execution_info
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select work.check_limit(p_limit => p_limit, p_greatest => 1000);
  -- From each workflow to the next by the index: looked up only when the caller names none.
  with recursive known as (
    select min(e.workflow_id) as workflow_id from work.workflow_executions as e where e.due_at is not null
    union all
    select (
      select min(e.workflow_id) from work.workflow_executions as e
      where e.due_at is not null and e.workflow_id > k.workflow_id
    )
    from known as k
    where k.workflow_id is not null
  )
  select d.run
  from (
    select distinct g.workflow_id
    from unnest(coalesce(p_workflow_ids, array(select k.workflow_id from known as k))) as g (workflow_id)
  ) as w
  cross join lateral (
    select e.due_at, e.run_id, work.execution_of(e, false) as run
    from work.workflow_executions as e
    where e.workflow_id = w.workflow_id
      and e.due_at <= (select clock_timestamp())  -- once, so that the index serves
      and (e.deadline is null or e.deadline > (select clock_timestamp()))
    order by e.due_at, e.run_id
    limit p_limit
  ) as d
  order by d.due_at, d.run_id
  limit p_limit
$$;

ALTER FUNCTION work.due_executions(p_workflow_ids text[], p_limit integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.due_executions(p_workflow_ids text[], p_limit integer) IS 'Runs that may be claimed, the longest due first. Errors: PT400 invalid_limit';

CREATE FUNCTION work.edit_comment(p_comment_id text, p_body text, p_actor text DEFAULT NULL::text) RETURNS work.comment_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_comment work.comment_info;
begin
  perform work.check_comment(
    p_body => p_body, p_is_ai => null, p_user_id => null, p_metadata => null, p_github_node_id => null,
    p_comment_id => null
  );
  perform work.check_context(p_actor => p_actor);
  update work.comments as c
  set body = p_body, edited_by = coalesce(p_actor, session_user)
  where c.comment_id = p_comment_id and c.body <> p_body and c.deleted_at is null;
  select
    c.comment_id::text, c.item_id, c.body, c.author, c.is_ai, c.author_user_id::text, c.author_agent_id, c.github_node_id,
    c.metadata, c.created_at, c.edited_at, c.edited_by
  into v_comment
  from work.comments as c
  where c.comment_id = p_comment_id and c.deleted_at is null;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'there is no such comment', constraint = 'no_comment',
      detail = coalesce(left(p_comment_id, 64), 'null'), hint = 'work.list_comments shows those of an item';
  end if;
  return v_comment;
end
$$;

ALTER FUNCTION work.edit_comment(p_comment_id text, p_body text, p_actor text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.edit_comment(p_comment_id text, p_body text, p_actor text) IS 'Edits what a comment says, and keeps what it said before; safe to repeat. Errors: PT400, PT404 no_comment, PT413 comment_limit';

CREATE FUNCTION work.emit_signal(p_run_id text, p_event_name text, p_payload jsonb DEFAULT '{}'::jsonb, p_signal_id text DEFAULT NULL::text, OUT signal_id text, OUT created boolean) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
#variable_conflict use_column
declare
  v_status text;
  v_is_same boolean;
begin
  perform work.check_run_text(p_what => 'event_name', p_value => p_event_name, p_bytes => 200);
  perform work.check_document(p_what => 'payload', p_value => p_payload);
  if p_signal_id !~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$' then
    raise exception using
      errcode = 'PT400', message = 'signal_id is not a ULID', constraint = 'invalid_signal_id',
      detail = left(p_signal_id, 64), hint = 'a ULID is 26 characters of upper-case Crockford base32';
  end if;
  select e.status into v_status from work.workflow_executions as e where e.run_id = p_run_id for no key update;
  signal_id := coalesce(p_signal_id, core.new_ulid());
  select (s.run_id, s.event_name, s.payload) = (p_run_id, p_event_name, coalesce(p_payload, 'null')) into v_is_same
  from work.signals as s where s.signal_id = p_signal_id;
  created := not found;
  if created and v_status in ('pending', 'running', 'waiting') then
    insert into work.signals as s (signal_id, run_id, event_name, payload)
    values (emit_signal.signal_id, p_run_id, p_event_name, coalesce(p_payload, 'null'))
    on conflict do nothing;
    v_is_same := found;  -- else another run was sent the same id at the same time
    -- Also when it does not wait: a transaction that began before, and cannot see the signal, then fails instead of waiting.
    update work.workflow_executions as e
    set
      due_at = case when e.status = 'waiting' and e.waiting_for = p_event_name then clock_timestamp() else e.due_at end,
      updated_at = clock_timestamp()
    where e.run_id = p_run_id;
  elsif created then
    perform work.refuse_run(p_run_id => p_run_id, p_status => v_status);
  end if;
  if not v_is_same then
    raise exception using
      errcode = 'PT409', message = 'another signal has this id', constraint = 'signal_exists', detail = emit_signal.signal_id,
      hint = 'make a new signal_id';
  end if;
end
$_$;

ALTER FUNCTION work.emit_signal(p_run_id text, p_event_name text, p_payload jsonb, p_signal_id text, OUT signal_id text, OUT created boolean) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.emit_signal(p_run_id text, p_event_name text, p_payload jsonb, p_signal_id text, OUT signal_id text, OUT created boolean) IS 'Sends an event to a run, once an id. Errors: PT400, PT404 no_run, PT409 run_ended, signal_exists, PT413 value_limit';

CREATE FUNCTION work.end_attempts(p_execution_ids text[], p_error text, p_retry boolean, p_delay_seconds double precision) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_now timestamptz := clock_timestamp();
  v_changes work.task_change[];
begin
  with ended as (
    update work.task_executions as t
    set
      status = case when w.is_retried then 'scheduled' else 'failed' end::work.task_status,
      retry_count = t.retry_count + w.is_retried::integer,
      scheduled_at = case when w.is_retried then v_now + make_interval(secs => w.delay_seconds) else t.scheduled_at end,
      finished_at = case when not w.is_retried then v_now end,
      execution_time_ms = greatest(extract(epoch from v_now - t.started_at) * 1000, 0),
      lease_expires_at = null,
      error = p_error
    from (
      select
        r.execution_id,
        p_retry and r.retry_count < r.max_retries as is_retried,
        coalesce(
          p_delay_seconds,
          least(q.retry_base_seconds * 2.0 ^ least(r.retry_count, 60), q.retry_max_seconds) * (0.5 + random())
        ) as delay_seconds
      from work.task_executions as r
      inner join work.queues as q on q.queue = r.queue
      where r.execution_id = any(p_execution_ids)
    ) as w
    where t.execution_id = w.execution_id
    returning t.*
  )
  select array_agg(row(
    e.execution_id, e.queue, 'running', e.status, e.run_id, e.workflow_name, e.project_id, e.concurrency_key,
    left(p_error, 1000), e.worker, e.started_at
  )::work.task_change)
  into v_changes
  from ended as e;
  perform work.settle_changes(p_changes => v_changes);
end
$$;

ALTER FUNCTION work.end_attempts(p_execution_ids text[], p_error text, p_retry boolean, p_delay_seconds double precision) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.end_attempts(p_execution_ids text[], p_error text, p_retry boolean, p_delay_seconds double precision) IS 'Ends attempts of tasks that failed: tried again after a wait, or dead letters';

CREATE FUNCTION work.enqueue_task(p_task_name text, p_input_data jsonb DEFAULT NULL::jsonb, p_queue text DEFAULT 'default'::text, p_priority integer DEFAULT 5, p_delay_seconds double precision DEFAULT NULL::double precision, p_scheduled_at timestamp with time zone DEFAULT NULL::timestamp with time zone, p_unique_key text DEFAULT NULL::text, p_concurrency_key text DEFAULT NULL::text, p_max_retries integer DEFAULT 3, p_timeout_seconds integer DEFAULT 300, p_task_type text DEFAULT NULL::text, p_run_id text DEFAULT NULL::text, p_workflow_name text DEFAULT NULL::text, p_agent_id text DEFAULT NULL::text, p_project_id text DEFAULT NULL::text, p_metadata jsonb DEFAULT NULL::jsonb, OUT execution_id text, OUT created boolean) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
declare
  v_now timestamptz := clock_timestamp();
begin
  -- The short way of most tasks; all others go that of a batch.
  if coalesce(p_unique_key, p_concurrency_key) is null
    and p_delay_seconds is null
    and p_scheduled_at is null
    and length(p_task_name) between 1 and 200
    and p_priority between 0 and 9
    and p_max_retries between 0 and 1000
    and p_timeout_seconds between 1 and 604800
    and octet_length(concat(p_task_type, p_run_id, p_workflow_name, p_agent_id, p_project_id)) <= 500
    and (jsonb_typeof(p_metadata) = 'object') is not false
    and coalesce(pg_column_size(p_input_data), 0) + coalesce(pg_column_size(p_metadata), 0) <= 1000000
    -- the size of what comes compressed from a table tells nothing
    and coalesce(pg_column_compression(p_input_data), pg_column_compression(p_metadata)) is null then
    insert into work.task_executions as t (
      execution_id, scheduled_at, created_at, status, priority, max_retries, timeout_seconds, queue, task_name, task_type,
      run_id, workflow_name, agent_id, project_id, input_data, metadata
    )
    select
      work.new_task_id(p_now => v_now), v_now, v_now, 'ready', p_priority, p_max_retries, p_timeout_seconds, q.queue,
      p_task_name, p_task_type, p_run_id, p_workflow_name, p_agent_id, p_project_id, nullif(p_input_data, 'null'), p_metadata
    from work.queues as q
    where q.queue = p_queue and q.events <> 'all'
    returning t.execution_id, true into execution_id, created;
    if found then
      return;
    end if;
  end if;
  select e.execution_id, e.created into execution_id, created
  from work.enqueue_tasks(p_tasks => jsonb_build_array(
    jsonb_strip_nulls(jsonb_build_object(
      'task_name', p_task_name, 'queue', p_queue, 'priority', p_priority, 'delay_seconds', p_delay_seconds,
      'scheduled_at', p_scheduled_at, 'unique_key', p_unique_key, 'concurrency_key', p_concurrency_key,
      'max_retries', p_max_retries, 'timeout_seconds', p_timeout_seconds, 'task_type', p_task_type, 'run_id', p_run_id,
      'workflow_name', p_workflow_name, 'agent_id', p_agent_id, 'project_id', p_project_id
    )) || jsonb_build_object('input_data', p_input_data, 'metadata', p_metadata)
  )) as e;
end
$$;

ALTER FUNCTION work.enqueue_task(p_task_name text, p_input_data jsonb, p_queue text, p_priority integer, p_delay_seconds double precision, p_scheduled_at timestamp with time zone, p_unique_key text, p_concurrency_key text, p_max_retries integer, p_timeout_seconds integer, p_task_type text, p_run_id text, p_workflow_name text, p_agent_id text, p_project_id text, p_metadata jsonb, OUT execution_id text, OUT created boolean) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.enqueue_task(p_task_name text, p_input_data jsonb, p_queue text, p_priority integer, p_delay_seconds double precision, p_scheduled_at timestamp with time zone, p_unique_key text, p_concurrency_key text, p_max_retries integer, p_timeout_seconds integer, p_task_type text, p_run_id text, p_workflow_name text, p_agent_id text, p_project_id text, p_metadata jsonb, OUT execution_id text, OUT created boolean) IS 'Enqueues one task; created or, by its unique_key, found. Errors: PT400, PT409, PT413';

CREATE FUNCTION work.enqueue_tasks(p_tasks jsonb) RETURNS TABLE("position" integer, execution_id text, created boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $_$
#variable_conflict use_column
declare
  v_now timestamptz := clock_timestamp();
  v_prefix text := left(work.new_task_id(p_now => v_now), 21);  -- the ids of a batch count up, as ULIDs of one millisecond may
  v_size integer := case jsonb_typeof(p_tasks) when 'array' then jsonb_array_length(p_tasks) end;
  v_keys integer := jsonb_array_length(jsonb_path_query_array(p_tasks -> 0, '$.*.type()'));
  v_stored integer;
begin
  p_tasks := jsonb_path_query_first(p_tasks, '$');  -- a copy in memory: what comes from a table may be compressed
  if jsonb_array_length(jsonb_path_query_array(p_tasks, '$[*].*.type()')) <> v_keys * v_size or pg_column_size(p_tasks) > 1048576 then
    v_keys := null;
  end if;
  if v_size <= 10000 and (p_tasks -> 0 ? 'unique_key' or p_tasks -> 0 ? 'concurrency_key') is not true then
    -- The short way, in a subtransaction: all or none.
    begin
      insert into work.task_executions (
        execution_id, scheduled_at, created_at, status, priority, max_retries, timeout_seconds, queue, task_name, task_type,
        run_id, workflow_name, agent_id, project_id, input_data, metadata
      )
      select
        g.execution_id, g.scheduled_at, g.created_at, g.status, g.priority, g.max_retries, g.timeout_seconds, g.queue,
        g.task_name, g.task_type, g.run_id, g.workflow_name, g.agent_id, g.project_id, g.input_data, g.metadata
      from work.new_tasks(p_tasks => p_tasks, p_prefix => v_prefix, p_now => v_now, p_keys => v_keys) as g
      where g.is_good and g.unique_key is null and g.concurrency_key is null
        and g.queue = (
          select q.queue from work.queues as q
          where q.queue = coalesce(p_tasks -> 0 ->> 'queue', 'default') and q.events <> 'all'
        );
      get diagnostics v_stored = row_count;
      if v_stored < v_size then
        raise exception using
          errcode = 'PT400', message = 'a task is malformed', constraint = 'invalid_task',
          detail = format('%s of %s tasks were stored', v_stored, v_size), hint = 'the long way tells whether one is';
      end if;
      return query select g.n, v_prefix || (10000 + g.n)::text, true from generate_series(1, v_size) as g (n);
      return;
    exception when sqlstate 'PT400' or invalid_parameter_value then
      null;  -- the latter: one is not an object
    end;
  end if;
  perform work.store_tasks(p_tasks => p_tasks, p_prefix => v_prefix, p_now => v_now, p_keys => v_keys);
  return query
  select g.nth::integer, coalesce(u.execution_id, g.id), u.execution_id is null or u.execution_id = g.id
  from (
    select e.nth, e.task, v_prefix || (10000 + e.nth)::text as id
    from jsonb_array_elements(p_tasks) with ordinality as e (task, nth)
  ) as g
  left join work.task_executions as u
    on u.queue = coalesce(g.task ->> 'queue', 'default') and u.unique_key = g.task ->> 'unique_key'
  order by g.nth;
end
$_$;

ALTER FUNCTION work.enqueue_tasks(p_tasks jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.enqueue_tasks(p_tasks jsonb) IS 'Enqueues a batch of tasks; one row a task in input order, created or, by its unique_key, found. Errors: PT400, PT409, PT413';

CREATE TABLE work.workflow_executions (
    run_id text NOT NULL,
    workflow_id text NOT NULL,
    version text,
    parent_run_id text,
    status text DEFAULT 'pending'::text NOT NULL,
    reason text,
    actor text,
    current_step text,
    total_steps integer,
    completed_steps integer DEFAULT 0 NOT NULL,
    state_data jsonb,
    inputs jsonb DEFAULT '{}'::jsonb NOT NULL,
    outputs jsonb,
    error text,
    error_count integer DEFAULT 0 NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    worker text,
    lease_seconds integer,
    waiting_for text,
    due_at timestamp with time zone,
    deadline timestamp with time zone,
    assigned_agents text[],
    project_id text,
    metadata jsonb,
    tags jsonb,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    status_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    CONSTRAINT ended_is_not_due CHECK (((completed_at IS NULL) OR (due_at IS NULL))),
    CONSTRAINT waiting_for_while_waiting CHECK (((waiting_for IS NULL) OR (status = 'waiting'::text))),
    CONSTRAINT workflow_executions_actor_check CHECK ((length(actor) <= 500)),
    CONSTRAINT workflow_executions_completed_steps_check CHECK ((completed_steps >= 0)),
    CONSTRAINT workflow_executions_lease_seconds_check CHECK ((lease_seconds > 0)),
    CONSTRAINT workflow_executions_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text)),
    CONSTRAINT workflow_executions_project_id_check CHECK ((length(project_id) <= 500)),
    CONSTRAINT workflow_executions_reason_check CHECK ((length(reason) <= 1000)),
    CONSTRAINT workflow_executions_run_id_check CHECK (((octet_length(run_id) >= 1) AND (octet_length(run_id) <= 500))),
    CONSTRAINT workflow_executions_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'running'::text, 'waiting'::text, 'completed'::text, 'failed'::text, 'cancelled'::text]))),
    CONSTRAINT workflow_executions_tags_check CHECK ((jsonb_typeof(tags) = ANY (ARRAY['object'::text, 'array'::text]))),
    CONSTRAINT workflow_executions_total_steps_check CHECK ((total_steps >= 0)),
    CONSTRAINT workflow_executions_workflow_id_check CHECK (((octet_length(workflow_id) >= 1) AND (octet_length(workflow_id) <= 200)))
)
WITH (fillfactor='70');

ALTER TABLE work.workflow_executions OWNER TO pylayer_owner;

COMMENT ON TABLE work.workflow_executions IS 'Runs of workflows. Triggers hold the machine of states, and store the event of each change in its transaction';

COMMENT ON COLUMN work.workflow_executions.run_id IS 'Chosen by whoever starts the run, free text: the key that makes a start safe to repeat';

COMMENT ON COLUMN work.workflow_executions.workflow_id IS 'Workflow that it runs';

COMMENT ON COLUMN work.workflow_executions.version IS 'Registered version that it runs; null is none';

COMMENT ON COLUMN work.workflow_executions.parent_run_id IS 'Run that started it; cancelled with it';

COMMENT ON COLUMN work.workflow_executions.status IS 'pending, running, waiting, completed, failed or cancelled';

COMMENT ON COLUMN work.workflow_executions.reason IS 'Why it has this status, when somebody said so';

COMMENT ON COLUMN work.workflow_executions.actor IS 'Who gave it this status: a worker, or whoever cancelled it';

COMMENT ON COLUMN work.workflow_executions.current_step IS 'Step that was begun or recorded last';

COMMENT ON COLUMN work.workflow_executions.total_steps IS 'Steps of the registered definition; null when there is none';

COMMENT ON COLUMN work.workflow_executions.completed_steps IS 'Steps recorded complete';

COMMENT ON COLUMN work.workflow_executions.state_data IS 'What the workflow keeps beside the results of its steps';

COMMENT ON COLUMN work.workflow_executions.inputs IS 'What it was started with';

COMMENT ON COLUMN work.workflow_executions.outputs IS 'Its result; null until it has completed';

COMMENT ON COLUMN work.workflow_executions.error IS 'Why it failed, for people';

COMMENT ON COLUMN work.workflow_executions.error_count IS 'Failures of its steps and of itself';

COMMENT ON COLUMN work.workflow_executions.attempt IS 'How often it was claimed: only who holds the latest attempt records anything';

COMMENT ON COLUMN work.workflow_executions.worker IS 'Who claimed it last; null while it waits';

COMMENT ON COLUMN work.workflow_executions.lease_seconds IS 'How long a claim lasts; steps renew it';

COMMENT ON COLUMN work.workflow_executions.waiting_for IS 'Event that it waits for, or ''run '' and the id of a child whose end it waits for; null is none';

COMMENT ON COLUMN work.workflow_executions.due_at IS 'From when on it may be claimed: at its start, at the end of a lease or of a sleep; null: never by the clock';

COMMENT ON COLUMN work.workflow_executions.deadline IS 'When it fails if it has not ended; null is never';

COMMENT ON COLUMN work.workflow_executions.assigned_agents IS 'Agents that work on it';

COMMENT ON COLUMN work.workflow_executions.project_id IS 'Project it belongs to, free text';

COMMENT ON COLUMN work.workflow_executions.metadata IS 'What nobody queries';

COMMENT ON COLUMN work.workflow_executions.tags IS 'Object or array to search by containment; null is none';

COMMENT ON COLUMN work.workflow_executions.created_at IS 'When it was started, in the state pending';

COMMENT ON COLUMN work.workflow_executions.updated_at IS 'When it was changed last';

COMMENT ON COLUMN work.workflow_executions.status_at IS 'Since when it has this status';

COMMENT ON COLUMN work.workflow_executions.started_at IS 'When it was first claimed';

COMMENT ON COLUMN work.workflow_executions.completed_at IS 'When it completed, failed or was cancelled';

CREATE FUNCTION work.execution_of(p_row work.workflow_executions, p_created boolean) RETURNS work.execution_info
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select row(
    p_row.run_id, p_row.workflow_id, p_row.version, p_row.parent_run_id, p_row.status, p_row.reason, p_row.actor,
    p_row.current_step, p_row.total_steps, p_row.completed_steps, p_row.state_data, p_row.inputs, p_row.outputs,
    p_row.error, p_row.error_count, p_row.attempt, p_row.worker, p_row.waiting_for, p_row.due_at, p_row.deadline,
    p_row.assigned_agents, p_row.project_id, p_row.metadata, p_row.tags, p_row.created_at, p_row.updated_at,
    p_row.started_at, p_row.completed_at, p_created
  )::work.execution_info
$$;

ALTER FUNCTION work.execution_of(p_row work.workflow_executions, p_created boolean) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.execution_of(p_row work.workflow_executions, p_created boolean) IS 'A run in the form that functions return';

CREATE FUNCTION work.expire_executions(p_limit integer DEFAULT 1000) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_found text[];
  v_parents text[];
  v_expired integer;
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 10000);
  v_found := array(
    select e.run_id from work.workflow_executions as e
    where e.deadline <= clock_timestamp() and e.completed_at is null
    order by e.deadline
    limit p_limit
  );
  -- From the top down, and waiting for nobody: a run whose parent somebody holds is not ended now either, for who ends it
  -- wakes the parent.
  v_parents := array(
    select p.run_id from work.workflow_executions as p
    where p.run_id in (select e.parent_run_id from work.workflow_executions as e where e.run_id = any(v_found))
    for no key update skip locked
  );
  with overdue as (
    select e.run_id from work.workflow_executions as e
    where e.run_id = any(v_found) and e.deadline <= clock_timestamp() and e.completed_at is null
      and (e.parent_run_id is null or e.parent_run_id = any(v_parents))
    for no key update skip locked
  )
  update work.workflow_executions as e
  set
    status = 'failed', reason = 'deadline_passed', actor = null, error = 'the deadline has passed',
    error_count = e.error_count + 1, updated_at = clock_timestamp()
  from overdue as o
  where e.run_id = o.run_id;
  get diagnostics v_expired = row_count;
  return v_expired;
end
$$;

ALTER FUNCTION work.expire_executions(p_limit integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.expire_executions(p_limit integer) IS 'Makes the runs fail whose deadline has passed; part of pylayer maintain. Errors: PT400 invalid_limit';

CREATE FUNCTION work.expired_uploads(p_limit integer DEFAULT 100) RETURNS TABLE(upload_id text, storage_key text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 10000);
  perform work.finish_upload(p_upload_id => due.upload_id, p_state => 'expired', p_result_version => null)
  from (
    select u.upload_id from work.artifact_uploads as u
    where u.state = 'open' and u.expires_at <= clock_timestamp()
    order by u.expires_at
    limit p_limit
    for update skip locked
  ) as due;
  return query
  select u.upload_id::text, u.storage_key from work.artifact_uploads as u
  where u.state in ('unchanged', 'aborted', 'expired')
    and (u.cleaned_at is null or u.cleaned_at <= clock_timestamp() - interval '1 hour')
  order by u.cleaned_at nulls first, u.upload_id
  limit p_limit;
end
$$;

ALTER FUNCTION work.expired_uploads(p_limit integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.expired_uploads(p_limit integer) IS 'Attempts whose leftovers in object storage are to be deleted now; marks open ones past their time as expired';

CREATE FUNCTION work.fail_execution(p_run_id text, p_attempt integer, p_error text, p_reason text DEFAULT NULL::text) RETURNS work.execution_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_run work.workflow_executions;
begin
  perform work.lock_waiting_parent(p_run_id => p_run_id);
  v_run := work.lock_execution(p_run_id => p_run_id, p_attempt => p_attempt, p_ending => 'failed');
  if v_run.status = 'running' then
    update work.workflow_executions as e
    set
      status = 'failed', reason = left(p_reason, 1000), actor = e.worker, error = left(p_error, 10000),
      error_count = e.error_count + 1, updated_at = clock_timestamp()
    where e.run_id = p_run_id
    returning e.* into v_run;
  end if;
  return work.execution_of(v_run, false);
end
$$;

ALTER FUNCTION work.fail_execution(p_run_id text, p_attempt integer, p_error text, p_reason text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.fail_execution(p_run_id text, p_attempt integer, p_error text, p_reason text) IS 'Makes a run fail. Errors: PT404 no_run, PT409 stale_attempt, run_ended';

CREATE FUNCTION work.fail_step(p_run_id text, p_attempt integer, p_step_name text, p_error text, p_duration_ms bigint DEFAULT NULL::bigint) RETURNS work.step_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return work.record_step(
    p_run => work.lock_execution(p_run_id => p_run_id, p_attempt => p_attempt), p_step_name => p_step_name,
    p_status => 'failed', p_error => p_error, p_duration_ms => p_duration_ms
  );
end
$$;

ALTER FUNCTION work.fail_step(p_run_id text, p_attempt integer, p_step_name text, p_error text, p_duration_ms bigint) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.fail_step(p_run_id text, p_attempt integer, p_step_name text, p_error text, p_duration_ms bigint) IS 'Records that a try of a step failed; it may be tried again. Errors: PT400, PT404 no_run, PT409 stale_attempt, run_ended';

CREATE FUNCTION work.fail_task(p_execution_id text, p_lease uuid, p_error text, p_retry boolean DEFAULT true, p_delay_seconds double precision DEFAULT NULL::double precision, OUT status work.task_status, OUT scheduled_at timestamp with time zone) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  v_task record;
begin
  if p_delay_seconds not between 0 and 315360000 then
    raise exception using
      errcode = 'PT400', message = 'the wait is out of range', constraint = 'invalid_delay',
      detail = p_delay_seconds::text, hint = '0 to 315360000 seconds; null for that of the queue';
  end if;
  select t.status, t.lease_expires_at > clock_timestamp() as is_held into v_task
  from work.task_executions as t
  where t.execution_id = p_execution_id and t.lease = p_lease
  for no key update;
  if v_task.status = 'running' and v_task.is_held then
    perform work.end_attempts(
      p_execution_ids => array[p_execution_id], p_error => left(p_error, 10000), p_retry => p_retry is not false,
      p_delay_seconds => p_delay_seconds
    );
  elsif v_task.status is null or v_task.status in ('running', 'completed') then
    perform work.refuse_lease(p_execution_id => p_execution_id, p_lease => p_lease);
  end if;
  select t.status, case when t.status <> 'failed' then t.scheduled_at end into status, scheduled_at
  from work.task_executions as t
  where t.execution_id = p_execution_id;
end
$$;

ALTER FUNCTION work.fail_task(p_execution_id text, p_lease uuid, p_error text, p_retry boolean, p_delay_seconds double precision, OUT status work.task_status, OUT scheduled_at timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.fail_task(p_execution_id text, p_lease uuid, p_error text, p_retry boolean, p_delay_seconds double precision, OUT status work.task_status, OUT scheduled_at timestamp with time zone) IS 'Ends an attempt of a task that failed: tried again, or a dead letter. Errors: PT400, PT404 no_task, PT409 lease_lost, lease_expired';

CREATE FUNCTION work.find_checkpoints(p_thread bigint, p_checkpoint_ns text, p_checkpoint_id text, p_filter jsonb, p_before text, p_after jsonb, p_limit integer) RETURNS SETOF work.checkpoints
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
begin
  return query
  select
    c.thread_key, c.checkpoint_ns, c.checkpoint_id, c.parent_checkpoint_id, c.checkpoint, c.channel_values, c.metadata, c.run_id,
    c.created_at
  from work.checkpoints as c
  where (p_thread is null or c.thread_key = p_thread)
    and (p_checkpoint_ns is null or c.checkpoint_ns = p_checkpoint_ns)
    and (p_checkpoint_id is null or c.checkpoint_id = p_checkpoint_id)
    and (p_filter is null or c.metadata @> p_filter)
    and (p_before is null or c.checkpoint_id < p_before)
    and (
      p_after is null
      or (c.checkpoint_id, c.thread_key, c.checkpoint_ns) < (p_after ->> 0, (p_after ->> 1)::bigint, p_after ->> 2)
    )
  order by c.checkpoint_id desc, c.thread_key desc, c.checkpoint_ns desc
  limit p_limit;
end
$$;

ALTER FUNCTION work.find_checkpoints(p_thread bigint, p_checkpoint_ns text, p_checkpoint_id text, p_filter jsonb, p_before text, p_after jsonb, p_limit integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.find_checkpoints(p_thread bigint, p_checkpoint_ns text, p_checkpoint_id text, p_filter jsonb, p_before text, p_after jsonb, p_limit integer) IS 'Checkpoints by any of their marks, latest first';

CREATE FUNCTION work.finish_upload(p_upload_id text, p_state work.upload_state, p_result_version integer) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  update work.artifact_uploads as u
  set state = p_state, result_version = p_result_version, finished_at = clock_timestamp(),
    preview_text = null, extracted_fields = null, tags = null
  where u.upload_id = p_upload_id
$$;

ALTER FUNCTION work.finish_upload(p_upload_id text, p_state work.upload_state, p_result_version integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.finish_upload(p_upload_id text, p_state work.upload_state, p_result_version integer) IS 'Takes an attempt out of the state open';

CREATE FUNCTION work.fire_schedule(p_schedule text, p_due_at timestamp with time zone, p_next_at timestamp with time zone) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_task jsonb;
begin
  if (p_due_at <= clock_timestamp() and p_next_at > p_due_at and p_next_at <= '9999-12-31 00:00:00+00') is not true then
    raise exception using
      errcode = 'PT400', message = 'the time has not come, or the next one is not after it', constraint = 'invalid_time',
      detail = format('due %s, next %s', p_due_at, p_next_at), hint = 'work.list_schedules names the next time of each schedule';
  end if;
  update work.task_schedules as s
  set last_at = p_due_at, next_at = p_next_at
  where s.schedule = p_schedule and s.next_at = p_due_at
  returning s.task into v_task;
  if found then
    return (
      select e.execution_id from work.enqueue_tasks(p_tasks => jsonb_build_array(
        v_task || jsonb_build_object('unique_key', format('schedule:%s:%s', p_schedule, extract(epoch from p_due_at)))
      )) as e
    );
  elsif not exists (select from work.task_schedules as s where s.schedule = p_schedule) then
    raise exception using
      errcode = 'PT404', message = 'there is no such schedule', constraint = 'no_schedule',
      detail = coalesce(left(p_schedule, 64), 'null'), hint = 'work.set_schedule makes one';
  end if;
  return null;
end
$$;

ALTER FUNCTION work.fire_schedule(p_schedule text, p_due_at timestamp with time zone, p_next_at timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.fire_schedule(p_schedule text, p_due_at timestamp with time zone, p_next_at timestamp with time zone) IS 'Enqueues the task of a schedule for one of its times, once. Errors: PT400 invalid_time, PT404 no_schedule';

CREATE FUNCTION work.follow_item_transition() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_item record;
begin
  if new.seq = 1 then
    select i.item_type, i.project_id into v_item from work.items as i where i.item_id = new.item_id;
  else
    update work.items as i
    set
      state = new.to_state,
      state_seq = new.seq,
      state_since = new.occurred_at,
      closed_at = case when s.is_final then new.occurred_at end
    from work.item_states as s
    where i.item_id = new.item_id and s.item_type = i.item_type and s.state = new.to_state
    returning i.item_type, i.project_id into v_item;
  end if;
  perform telemetry.ingest_event(p_event => telemetry.state_changed_event(
    p_item_type => v_item.item_type, p_item_id => new.item_id, p_from_state => new.from_state, p_to_state => new.to_state,
    p_run_id => new.run_id, p_workflow_name => new.workflow_name, p_agent_role => new.agent_role,
    p_project_id => v_item.project_id, p_reason => new.reason, p_actor => new.actor,
    p_time_in_state_seconds => new.time_in_state_seconds
  ));
  return null;
end
$$;

ALTER FUNCTION work.follow_item_transition() OWNER TO pylayer_api;

COMMENT ON FUNCTION work.follow_item_transition() IS 'Trigger function: an item follows its history, and each change of state has its event';

CREATE FUNCTION work.get_artifact(p_artifact_id text, p_version integer DEFAULT NULL::integer) RETURNS work.artifact_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_info work.artifact_info;
begin
  select
    v.artifact_id::text,
    v.version,
    a.type,
    v.mime_type,
    v.size_bytes,
    v.content_hash,
    v.storage_backend,
    v.storage_key,
    v.preview_text,
    v.extracted_fields,
    v.is_kb_ingested,
    v.created_at,
    a.latest_version,
    a.tags,
    a.owner_item_id,
    a.owner_run_id,
    a.project_id,
    exists (
      select from work.artifact_tombstones as t where t.artifact_id = v.artifact_id and t.version = v.version
    )
  into v_info
  from work.artifacts as a
  cross join lateral (
    select w.* from work.artifact_versions as w
    where w.artifact_id = a.artifact_id and w.version = coalesce(p_version, a.latest_version)
    offset 0  -- keeps both columns of the key in the index condition, however few versions the statistics expect
  ) as v
  where a.artifact_id = p_artifact_id;
  if not found then
    perform work.refuse_missing(p_artifact_id => p_artifact_id, p_version => p_version);
  end if;
  return v_info;
end
$$;

ALTER FUNCTION work.get_artifact(p_artifact_id text, p_version integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.get_artifact(p_artifact_id text, p_version integer) IS 'Metadata of a version (default: the latest), without content. Errors: PT400 invalid_artifact_id, PT404 no_artifact, no_version';

CREATE FUNCTION work.get_cached(p_keys jsonb) RETURNS TABLE(nth bigint, serde_type text, data bytea)
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if jsonb_typeof(p_keys) is distinct from 'array' then
    raise exception using
      errcode = 'PT400', message = 'keys are not an array', constraint = 'invalid_keys',
      detail = coalesce(jsonb_typeof(p_keys), 'null'), hint = 'give an array of [namespace, key]';
  end if;
  return query
  select k.place - 1, c.serde_type, c.data
  from jsonb_array_elements(p_keys) with ordinality as k (key, place)
  join work.graph_cache as c on c.namespace = k.key ->> 0 and c.key = k.key ->> 1
  where c.expires_at is null or c.expires_at > statement_timestamp()
  order by k.place;
end
$$;

ALTER FUNCTION work.get_cached(p_keys jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.get_cached(p_keys jsonb) IS 'Results in the cache of graphs that have not expired. Errors: PT400 invalid_keys';

CREATE FUNCTION work.get_content(p_artifact_id text, p_version integer DEFAULT NULL::integer) RETURNS TABLE(artifact_id text, version integer, mime_type text, size_bytes bigint, content_hash text, storage_backend work.storage_backend, storage_key text, inline_content_text text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_deleted_at timestamptz;
begin
  select
    v.artifact_id::text,
    v.version,
    v.mime_type,
    v.size_bytes,
    v.content_hash,
    v.storage_backend,
    v.storage_key,
    v.inline_content_text,
    (
      select t.deleted_at from work.artifact_tombstones as t
      where t.artifact_id = v.artifact_id and t.version = v.version
    )
  into
    artifact_id, version, mime_type, size_bytes, content_hash, storage_backend, storage_key, inline_content_text,
    v_deleted_at
  from work.artifacts as a
  cross join lateral (
    select w.* from work.artifact_versions as w
    where w.artifact_id = a.artifact_id and w.version = coalesce(p_version, a.latest_version)
    offset 0  -- keeps both columns of the key in the index condition, however few versions the statistics expect
  ) as v
  where a.artifact_id = p_artifact_id;
  if not found then
    perform work.refuse_missing(p_artifact_id => p_artifact_id, p_version => p_version);
  end if;
  if v_deleted_at is not null then
    raise exception using
      errcode = 'PT410', message = 'the content was deleted', constraint = 'content_deleted',
      detail = format('artifact %s, version %s, deleted at %s', artifact_id, version, v_deleted_at),
      hint = 'its metadata stays: work.get_artifact; other versions: work.list_versions';
  end if;
  return next;
end
$$;

ALTER FUNCTION work.get_content(p_artifact_id text, p_version integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.get_content(p_artifact_id text, p_version integer) IS 'Content of a version, inline or by storage key. Errors: PT400 invalid_artifact_id, PT404 no_artifact, no_version, PT410 content_deleted';

CREATE FUNCTION work.get_execution(p_run_id text) RETURNS work.execution_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_run work.workflow_executions;
begin
  select e.* into v_run from work.workflow_executions as e where e.run_id = p_run_id;
  if not found then
    perform work.refuse_run(p_run_id => p_run_id, p_status => null);
  end if;
  return work.execution_of(v_run, false);
end
$$;

ALTER FUNCTION work.get_execution(p_run_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.get_execution(p_run_id text) IS 'A run. Errors: PT404 no_run';

CREATE FUNCTION work.get_item(p_item_id text) RETURNS work.item_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_item work.item_info;
begin
  select r.* into v_item from work.item_rows(p_item_ids => array[p_item_id]) as r;
  if not found then
    perform work.refuse_missing_item(p_item_id => p_item_id);
  end if;
  return v_item;
end
$$;

ALTER FUNCTION work.get_item(p_item_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.get_item(p_item_id text) IS 'An item. Errors: PT404 no_item';

CREATE FUNCTION work.get_project(p_project_id text) RETURNS work.project_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_project work.project_info;
begin
  perform work.check_references(p_project_id => coalesce(p_project_id, ''), p_item_id => null);
  select r.* into v_project from work.project_rows(p_project_ids => array[p_project_id]) as r;
  return v_project;
end
$$;

ALTER FUNCTION work.get_project(p_project_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.get_project(p_project_id text) IS 'A project. Errors: PT404 no_project';

CREATE FUNCTION work.get_task(p_execution_id text) RETURNS work.task_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_task work.task_info;
begin
  select
    t.execution_id, t.queue, t.task_name::text, t.task_type, t.status, t.priority::integer, t.retry_count::integer,
    t.max_retries::integer, t.timeout_seconds::integer, t.input_data, t.output_data, t.error, t.unique_key, t.concurrency_key,
    t.run_id, t.workflow_name, t.agent_id, t.project_id, t.worker, t.metadata, t.created_at, t.scheduled_at, t.started_at,
    t.lease_expires_at, t.finished_at, t.execution_time_ms
  into v_task
  from work.task_executions as t
  where t.execution_id = p_execution_id;
  if not found then
    perform work.refuse_lease(p_execution_id => p_execution_id, p_lease => null);
  end if;
  return v_task;
end
$$;

ALTER FUNCTION work.get_task(p_execution_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.get_task(p_execution_id text) IS 'One task, without the token of its lease. Errors: PT404 no_task';

CREATE FUNCTION work.get_workflow(p_workflow_id text, p_version text DEFAULT 'latest'::text) RETURNS work.workflow_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_bounds record := work.version_bounds(p_selector => p_version);
  v_row work.workflows;
begin
  select w.* into v_row from work.workflows as w
  where w.workflow_id = p_workflow_id
    and (w.version_major, w.version_minor, w.version_patch)
    >= (v_bounds.p_from[1], v_bounds.p_from[2], v_bounds.p_from[3])
    and (w.version_major, w.version_minor, w.version_patch)
    < (v_bounds.p_below[1], v_bounds.p_below[2], v_bounds.p_below[3])
    and (w.status = 'active' or p_version ~ '^\d')
  order by w.version_major desc, w.version_minor desc, w.version_patch desc
  limit 1;
  if not found then
    perform work.refuse_no_workflow(p_workflow_id => p_workflow_id, p_version => p_version);
  end if;
  return work.workflow_of(v_row, false);
end
$$;

ALTER FUNCTION work.get_workflow(p_workflow_id text, p_version text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.get_workflow(p_workflow_id text, p_version text) IS 'The version of a workflow that a selector finds: latest, 1.2.3, ^1.2, ~1.2. Errors: PT400 invalid_version, PT404 no_workflow';

CREATE FUNCTION work.guard_decision() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if not exists (select from work.decisions as d where d.decision_id = new.supersedes_id) then
    raise exception using
      errcode = 'PT404', message = 'there is no such decision', constraint = 'no_decision',
      detail = left(new.supersedes_id, 64), hint = 'work.list_decisions shows those that exist';
  end if;
  return new;
end
$$;

ALTER FUNCTION work.guard_decision() OWNER TO pylayer_owner;

COMMENT ON FUNCTION work.guard_decision() IS 'Trigger function: a decision supersedes one that is there already, so never in a circle. Errors: PT404 no_decision';

CREATE FUNCTION work.guard_execution() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_from text := case when tg_op = 'UPDATE' then old.status else 'none' end;
begin
  if (v_from, new.status) not in (
    ('none', 'pending'), ('none', 'running'), ('pending', 'running'), ('pending', 'failed'), ('pending', 'cancelled'),
    ('running', 'waiting'), ('running', 'completed'), ('running', 'failed'), ('running', 'cancelled'),
    ('waiting', 'running'), ('waiting', 'failed'), ('waiting', 'cancelled'), ('failed', 'pending'), ('failed', 'running')
  ) then
    raise exception using
      errcode = 'PT409', message = 'a run cannot change so', constraint = 'illegal_transition',
      detail = format('run %s: %s to %s', new.run_id, v_from, new.status),
      hint = 'pending, running, waiting and running again; then completed, failed or cancelled; failed to pending or running';
  end if;
  if tg_op = 'UPDATE' then
    new.status_at := case
      when new.status_at = old.status_at then clock_timestamp() else greatest(old.status_at, new.status_at)
    end;
  end if;
  new.status_at := least(new.status_at, clock_timestamp());
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

ALTER FUNCTION work.guard_execution() OWNER TO pylayer_owner;

COMMENT ON FUNCTION work.guard_execution() IS 'Trigger function: refuses a status that does not follow from the one before. Errors: PT409 illegal_transition';

CREATE FUNCTION work.guard_item() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if (new.item_id, new.item_type, new.created_by, new.run_id, new.created_at)
    is distinct from (old.item_id, old.item_type, old.created_by, old.run_id, old.created_at)
  then
    raise exception using
      errcode = 'PT403', message = 'what an item is never changes', constraint = 'immutable_item',
      detail = format('item %s', old.item_id), hint = 'make another item, and cancel this one';
  end if;
  if new.state_seq is distinct from old.state_seq + 1 or not exists (
    select from work.item_transitions as t
    where t.item_id = new.item_id and t.seq = new.state_seq and t.from_state = old.state and t.to_state = new.state
      and t.occurred_at = new.state_since
  ) then
    raise exception using
      errcode = 'PT403', message = 'the state of an item follows its history', constraint = 'state_follows_history',
      detail = format('item %s, %s -> %s', old.item_id, old.state, new.state),
      hint = 'call work.transition_item, which appends to work.item_transitions';
  end if;
  return new;
end
$$;

ALTER FUNCTION work.guard_item() OWNER TO pylayer_owner;

COMMENT ON FUNCTION work.guard_item() IS 'Trigger function: what an item is never changes, and its state only by its history. Errors: PT403 immutable_item, state_follows_history';

CREATE FUNCTION work.guard_item_dependency() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  -- Two sessions could each add half of a cycle: they take turns, and each looks with a snapshot of its own turn.
  if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
    raise exception using
      errcode = 'PT400', message = 'dependencies are added at the isolation level read committed',
      constraint = 'isolation_level', detail = current_setting('transaction_isolation'),
      hint = 'an older snapshot would not show what others have just added';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('work.item_dependencies', 0));
  if new.item_id = new.depends_on_item_id or exists (
    with recursive needed (item_id) as (
      select new.depends_on_item_id
      union
      select d.depends_on_item_id
      from needed as n
      inner join work.item_dependencies as d on d.item_id = n.item_id
    )

    select from needed as n where n.item_id = new.item_id
  ) then
    raise exception using
      errcode = 'PT409', message = 'the items would wait for each other', constraint = 'dependency_cycle',
      detail = format('item %s, depends on %s', new.item_id, new.depends_on_item_id),
      hint = 'remove a dependency between them first';
  end if;
  return new;
end
$$;

ALTER FUNCTION work.guard_item_dependency() OWNER TO pylayer_owner;

COMMENT ON FUNCTION work.guard_item_dependency() IS 'Trigger function: no item waits for itself, however many others stand between. Errors: PT400 isolation_level, PT409 dependency_cycle';

CREATE FUNCTION work.guard_item_transition() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_item record;
begin
  select i.item_type, i.state, i.state_seq, i.state_since into v_item
  from work.items as i
  where i.item_id = new.item_id and i.deleted_at is null
  for no key update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'there is no such item', constraint = 'no_item',
      detail = coalesce(left(new.item_id, 200), 'null'), hint = 'work.list_items shows those that exist';
  end if;
  if new.seq = 1 then
    new.from_state := null;
    new.to_state := v_item.state;
    new.time_in_state_seconds := null;
    new.occurred_at := v_item.state_since;
    return new;
  end if;
  if new.from_state <> v_item.state then
    raise exception using
      errcode = 'PT409', message = 'the item is in another state', constraint = 'stale_state',
      detail = format('item %s, expected %s, found %s', new.item_id, new.from_state, v_item.state),
      hint = 'read the item again, and decide anew';
  end if;
  if not exists (
    select from work.item_state_transitions as t
    where t.item_type = v_item.item_type and t.from_state = v_item.state and t.to_state = new.to_state
  ) then
    raise exception using
      errcode = 'PT409', message = 'an item of this type cannot make this move', constraint = 'illegal_transition',
      detail = format(
        'item %s, type %s, %s -> %s', new.item_id, v_item.item_type, v_item.state, coalesce(left(new.to_state, 100), 'null')
      ),
      hint = format('from %s it goes to: %s', v_item.state, coalesce((
        select string_agg(t.to_state, ', ' order by s.position)
        from work.item_state_transitions as t
        inner join work.item_states as s on s.item_type = t.item_type and s.state = t.to_state
        where t.item_type = v_item.item_type and t.from_state = v_item.state
      ), 'nowhere'));
  end if;
  new.seq := v_item.state_seq + 1;
  new.from_state := v_item.state;
  new.occurred_at := greatest(clock_timestamp(), v_item.state_since);
  new.time_in_state_seconds := extract(epoch from new.occurred_at - v_item.state_since)::double precision;
  return new;
end
$$;

ALTER FUNCTION work.guard_item_transition() OWNER TO pylayer_owner;

COMMENT ON FUNCTION work.guard_item_transition() IS 'Trigger function: checks and completes a change of state. Errors: PT404 no_item, PT409 stale_state, illegal_transition';

CREATE FUNCTION work.guard_new_item() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if new.state_seq <> 1 or new.closed_at is not null or not exists (
    select from work.item_states as s where s.item_type = new.item_type and s.state = new.state and s.is_initial
  ) then
    raise exception using
      errcode = 'PT409', message = 'an item of this type does not begin in this state', constraint = 'illegal_initial_state',
      detail = format('type %s, state %s', new.item_type, new.state),
      hint = format('it begins in: %s', coalesce((
        select string_agg(s.state, ', ' order by s.position) from work.item_states as s
        where s.item_type = new.item_type and s.is_initial
      ), 'nothing, since work.item_states does not know the type'));
  end if;
  new.state_since := new.created_at;
  return new;
end
$$;

ALTER FUNCTION work.guard_new_item() OWNER TO pylayer_owner;

COMMENT ON FUNCTION work.guard_new_item() IS 'Trigger function: an item begins in an initial state of its type. Errors: PT409 illegal_initial_state';

CREATE FUNCTION work.heartbeat(p_execution_id text, p_lease uuid, p_lease_seconds integer DEFAULT 60) RETURNS timestamp with time zone
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_now timestamptz := clock_timestamp();
  v_until timestamptz;
begin
  perform work.check_lease(p_lease_seconds => p_lease_seconds);
  update work.task_executions as t
  set lease_expires_at = least(
    v_now + make_interval(secs => p_lease_seconds), t.started_at + make_interval(secs => t.timeout_seconds)
  )
  where t.execution_id = p_execution_id and t.lease = p_lease and t.status = 'running' and t.lease_expires_at > v_now
  returning t.lease_expires_at into v_until;
  if not found then
    perform work.refuse_lease(p_execution_id => p_execution_id, p_lease => p_lease);
  end if;
  return v_until;
end
$$;

ALTER FUNCTION work.heartbeat(p_execution_id text, p_lease uuid, p_lease_seconds integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.heartbeat(p_execution_id text, p_lease uuid, p_lease_seconds integer) IS 'Extends the lease of a task. Errors: PT400 invalid_lease, PT404 no_task, PT409 lease_lost, lease_expired';

CREATE FUNCTION work.index_comment_text() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if new.deleted_at is null then
    insert into work.item_texts (item_id, comment_id, document)
    values (new.item_id, new.comment_id, setweight(to_tsvector('pg_catalog.english', new.body), 'C'))
    on conflict (item_id, comment_id) do update set document = excluded.document;
  else
    delete from work.item_texts as t where t.item_id = new.item_id and t.comment_id = new.comment_id;
  end if;
  return null;
end
$$;

ALTER FUNCTION work.index_comment_text() OWNER TO pylayer_api;

COMMENT ON FUNCTION work.index_comment_text() IS 'Trigger function: full-text search reads what comments say';

CREATE FUNCTION work.index_item_text() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into work.item_texts (item_id, document)
  values (
    new.item_id,
    setweight(to_tsvector('pg_catalog.english', new.title), 'A')
    || setweight(to_tsvector('pg_catalog.english', coalesce(new.description, '')), 'B')
  )
  on conflict (item_id, comment_id) do update set document = excluded.document;
  return null;
end
$$;

ALTER FUNCTION work.index_item_text() OWNER TO pylayer_api;

COMMENT ON FUNCTION work.index_item_text() IS 'Trigger function: full-text search reads what items say';

CREATE FUNCTION work.inline_content_hash(p_content text, p_content_hash text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_limit integer := (select s.inline_limit_bytes from core.settings as s);
  v_hash text;
begin
  if p_content is null then
    raise exception using
      errcode = 'PT400', message = 'content is missing', constraint = 'missing_content', detail = 'content is null',
      hint = 'send the content as text; empty text is content';
  end if;
  if octet_length(p_content) > v_limit then
    raise exception using
      errcode = 'PT413', message = 'content is too large to stand inline', constraint = 'inline_limit',
      detail = format('%s bytes, limit %s', octet_length(p_content), v_limit),
      hint = 'write it to object storage: work.begin_upload, then work.commit_upload';
  end if;
  v_hash := encode(sha256(convert_to(p_content, 'UTF8')), 'hex');
  if p_content_hash <> v_hash then
    perform work.check_content_hash(p_content_hash => p_content_hash);
    raise exception using
      errcode = 'PT409', message = 'content does not have the given hash', constraint = 'hash_mismatch',
      detail = format('given %s, computed %s', p_content_hash, v_hash),
      hint = 'the hash is the sha256 of the exact UTF-8 bytes, lower-case hex';
  end if;
  return v_hash;
end
$$;

ALTER FUNCTION work.inline_content_hash(p_content text, p_content_hash text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.inline_content_hash(p_content text, p_content_hash text) IS 'sha256 of inline content, after checking its size and a claimed hash';

CREATE FUNCTION work.is_json_mime(p_mime_type text) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  select p_mime_type ~* '^((application|text)/json|[^/; ]+/[^/; ]+[+]json) *(;|$)'
$_$;

ALTER FUNCTION work.is_json_mime(p_mime_type text) OWNER TO pylayer_owner;

COMMENT ON FUNCTION work.is_json_mime(p_mime_type text) IS 'Whether a mime type says that the content is one JSON document';

CREATE FUNCTION work.is_opaque_json(p_content text) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if pg_input_is_valid(p_content, 'jsonb') then
    return false;
  end if;
  if not pg_input_is_valid(p_content, 'json') then
    raise exception using
      errcode = 'PT400', message = 'content is not the JSON that its mime type says', constraint = 'invalid_json',
      detail = left((select i.message from pg_input_error_info(p_content, 'json') as i), 200),
      hint = 'correct the content, or give it another mime type';
  end if;
  return true;
end
$$;

ALTER FUNCTION work.is_opaque_json(p_content text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.is_opaque_json(p_content text) IS 'Whether a JSON document is one that jsonb cannot hold';

CREATE FUNCTION work.item_history(p_item_id text, p_limit integer DEFAULT 100, p_after integer DEFAULT 0) RETURNS SETOF work.transition_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  perform work.check_references(p_project_id => null, p_item_id => coalesce(p_item_id, ''));
  return query
  select
    t.item_id, t.seq, t.from_state, t.to_state, t.actor, t.reason, t.run_id, t.workflow_name, t.agent_role,
    t.time_in_state_seconds, t.occurred_at
  from work.item_transitions as t
  where t.item_id = p_item_id and t.seq > coalesce(p_after, 0)
  order by t.seq
  limit p_limit;
end
$$;

ALTER FUNCTION work.item_history(p_item_id text, p_limit integer, p_after integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.item_history(p_item_id text, p_limit integer, p_after integer) IS 'The changes of state of an item, in order, in keyset pages. Errors: PT400 invalid_limit, PT404 no_item';

CREATE FUNCTION work.item_rows(p_item_ids text[]) RETURNS SETOF work.item_info
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
    i.item_id,
    i.project_id,
    i.item_type,
    i.title,
    i.description,
    i.priority,
    i.state,
    i.state_seq,
    i.state_since,
    i.closed_at,
    i.version,
    i.assigned_user_id::text,
    i.assigned_agent_id,
    array(
      select d.depends_on_item_id
      from work.item_dependencies as d
      inner join work.items as n on n.item_id = d.depends_on_item_id and n.deleted_at is null
      where d.item_id = i.item_id
      order by d.depends_on_item_id
    ),
    i.github_repository,
    i.github_number,
    i.github_node_id,
    i.github_url,
    i.ai_analysis,
    i.ai_suggestions,
    i.tags,
    i.metadata,
    i.created_by,
    i.run_id,
    i.created_at,
    i.updated_at
  from work.items as i
  where i.item_id = any(p_item_ids) and i.deleted_at is null
$$;

ALTER FUNCTION work.item_rows(p_item_ids text[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.item_rows(p_item_ids text[]) IS 'Items by id, as functions return them, without those that count as removed';

CREATE FUNCTION work.keep_comment_revision() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into work.comment_revisions (comment_id, revision, body, written_by, written_at)
  select
    old.comment_id,
    coalesce(max(r.revision), 0) + 1,
    old.body,
    coalesce(old.edited_by, old.author),
    coalesce(old.edited_at, old.created_at)
  from work.comment_revisions as r
  where r.comment_id = old.comment_id;
  new.edited_at := clock_timestamp();
  return new;
end
$$;

ALTER FUNCTION work.keep_comment_revision() OWNER TO pylayer_owner;

COMMENT ON FUNCTION work.keep_comment_revision() IS 'Trigger function: an edited comment keeps what it said before';

CREATE FUNCTION work.lease_problem(p_execution_id text, p_lease uuid) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select coalesce(
    (
      select case when t.status = 'running' and t.lease = p_lease then 'lease_expired' else 'lease_lost' end
      from work.task_executions as t
      where t.execution_id = p_execution_id
    ),
    'no_task'
  )
$$;

ALTER FUNCTION work.lease_problem(p_execution_id text, p_lease uuid) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.lease_problem(p_execution_id text, p_lease uuid) IS 'Why a lease does not hold: no_task, lease_expired or lease_lost';

CREATE FUNCTION work.link_artifact(p_artifact_id text, p_link_type text, p_version integer DEFAULT NULL::integer, p_item_id text DEFAULT NULL::text, p_run_id text DEFAULT NULL::text, p_event_id text DEFAULT NULL::text, p_workflow_name text DEFAULT NULL::text) RETURNS TABLE(artifact_id text, version integer, link_type text, item_id text, run_id text, event_id text, workflow_name text, created boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_version integer;
begin
  if p_link_type is null or p_link_type !~ '^[a-z][a-z0-9_.-]{0,62}$' then
    raise exception using
      errcode = 'PT400', message = 'link_type is not a name', constraint = 'invalid_link_type',
      detail = coalesce(left(p_link_type, 64), 'null'), hint = 'use a lower-case letter, then up to 62 of a-z, 0-9, _, . and -';
  end if;
  if p_event_id !~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$' then
    raise exception using
      errcode = 'PT400', message = 'event_id is not a ULID', constraint = 'invalid_event_id',
      detail = left(p_event_id, 64), hint = 'a ULID is 26 characters of upper-case Crockford base32';
  end if;
  if num_nonnulls(p_item_id, p_run_id, p_event_id, p_workflow_name) = 0
    or greatest(length(p_item_id), length(p_run_id), length(p_workflow_name)) > 500
    or octet_length(concat(p_item_id, p_run_id, p_workflow_name)) > 2000
  then
    raise exception using
      errcode = 'PT400', message = 'the link has no target or a target that is too long', constraint = 'invalid_link',
      detail = format(
        'characters: item_id %s, run_id %s, workflow_name %s', length(p_item_id), length(p_run_id),
        length(p_workflow_name)
      ),
      hint = 'give item_id, run_id, event_id or workflow_name: 500 characters each and 2000 bytes together at most';
  end if;
  select v.version into v_version
  from work.artifact_versions as v
  where v.artifact_id = p_artifact_id
    and v.version = coalesce(
      p_version, (select a.latest_version from work.artifacts as a where a.artifact_id = p_artifact_id)
    );
  if not found then
    perform work.refuse_missing(p_artifact_id => p_artifact_id, p_version => p_version);
  end if;
  insert into work.artifact_links (artifact_id, version, link_type, item_id, run_id, event_id, workflow_name)
  values (p_artifact_id, v_version, p_link_type, p_item_id, p_run_id, p_event_id, p_workflow_name)
  on conflict do nothing;
  return query
  select p_artifact_id, v_version, p_link_type, p_item_id, p_run_id, p_event_id, p_workflow_name, found;
end
$_$;

ALTER FUNCTION work.link_artifact(p_artifact_id text, p_link_type text, p_version integer, p_item_id text, p_run_id text, p_event_id text, p_workflow_name text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.link_artifact(p_artifact_id text, p_link_type text, p_version integer, p_item_id text, p_run_id text, p_event_id text, p_workflow_name text) IS 'Links a version of an artifact to an item, run, event or workflow; safe to repeat. Errors: PT400, PT404 no_artifact, no_version';

CREATE FUNCTION work.list_artifacts(p_type text DEFAULT NULL::text, p_owner_item_id text DEFAULT NULL::text, p_owner_run_id text DEFAULT NULL::text, p_project_id text DEFAULT NULL::text, p_tags jsonb DEFAULT NULL::jsonb, p_limit integer DEFAULT 100, p_after text DEFAULT NULL::text) RETURNS SETOF work.artifact_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
declare
  v_after timestamptz;
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  if p_after is not null then
    select a.created_at into v_after from work.artifacts as a where a.artifact_id = p_after;
    if not found then
      perform work.refuse_missing(p_artifact_id => p_after, p_version => null);
    end if;
  end if;
  return query
  select
    v.artifact_id::text,
    v.version,
    a.type,
    v.mime_type,
    v.size_bytes,
    v.content_hash,
    v.storage_backend,
    v.storage_key,
    v.preview_text,
    v.extracted_fields,
    v.is_kb_ingested,
    v.created_at,
    a.latest_version,
    a.tags,
    a.owner_item_id,
    a.owner_run_id,
    a.project_id,
    exists (
      select from work.artifact_tombstones as t where t.artifact_id = v.artifact_id and t.version = v.version
    )
  from work.artifacts as a
  cross join lateral (
    select w.* from work.artifact_versions as w
    where w.artifact_id = a.artifact_id and w.version = a.latest_version
    offset 0  -- keeps both columns of the key in the index condition, however few versions the statistics expect
  ) as v
  where (p_type is null or a.type = p_type)
    and (p_owner_item_id is null or a.owner_item_id = p_owner_item_id)
    and (p_owner_run_id is null or a.owner_run_id = p_owner_run_id)
    and (p_project_id is null or a.project_id = p_project_id)
    and (p_tags is null or a.tags @> p_tags)
    and (p_after is null or (a.created_at, a.artifact_id) < (v_after, p_after))
  order by a.created_at desc, a.artifact_id desc
  limit p_limit;
end
$$;

ALTER FUNCTION work.list_artifacts(p_type text, p_owner_item_id text, p_owner_run_id text, p_project_id text, p_tags jsonb, p_limit integer, p_after text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.list_artifacts(p_type text, p_owner_item_id text, p_owner_run_id text, p_project_id text, p_tags jsonb, p_limit integer, p_after text) IS 'Artifacts with their latest version, newest first, in keyset pages. Errors: PT400 invalid_limit, PT404 no_artifact';

CREATE FUNCTION work.list_attachments(p_item_id text, p_limit integer DEFAULT 100) RETURNS SETOF work.attachment_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  perform work.check_references(p_project_id => null, p_item_id => coalesce(p_item_id, ''));
  return query
  select t.item_id, t.artifact_id::text, t.version, t.label, t.attached_by, t.created_at
  from work.attachments as t
  where t.item_id = p_item_id and t.detached_at is null
  order by t.created_at, t.artifact_id, t.version
  limit p_limit;
end
$$;

ALTER FUNCTION work.list_attachments(p_item_id text, p_limit integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.list_attachments(p_item_id text, p_limit integer) IS 'What is attached to an item, oldest first. Errors: PT400 invalid_limit, PT404 no_item';

CREATE FUNCTION work.list_checkpoints(p_thread_id text DEFAULT NULL::text, p_checkpoint_ns text DEFAULT NULL::text, p_checkpoint_id text DEFAULT NULL::text, p_filter jsonb DEFAULT NULL::jsonb, p_before text DEFAULT NULL::text, p_after jsonb DEFAULT NULL::jsonb, p_limit integer DEFAULT 20) RETURNS TABLE(checkpoints jsonb, blobs jsonb, data bytea)
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $_$
declare
  v_thread bigint;
  v_row work.checkpoints;
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 100);
  if jsonb_typeof(p_after) <> 'array' or not coalesce(p_after ->> 1 ~ '^[0-9]{1,18}$', true) then
    raise exception using
      errcode = 'PT400', message = 'the cursor is not one', constraint = 'invalid_cursor',
      detail = left(p_after::text, 200), hint = 'give the cursor of a row as it came';
  end if;
  checkpoints := '[]';
  select t.thread_key into v_thread from work.checkpoint_threads as t where t.thread_id = p_thread_id;
  if v_thread is null and p_thread_id is not null then
    null;  -- no such thread: an empty page
  elsif p_limit = 1 and num_nonnulls(v_thread, p_checkpoint_ns) = 2 and num_nonnulls(p_filter, p_before, p_after) = 0 then
    -- What a graph asks for at each start, with a plan that is kept.
    if p_checkpoint_id is null then
      v_row := (
        select c from work.checkpoints as c
        where c.thread_key = v_thread and c.checkpoint_ns = p_checkpoint_ns
        order by c.checkpoint_id desc
        limit 1
      );
    else
      v_row := (
        select c from work.checkpoints as c
        where c.thread_key = v_thread and c.checkpoint_ns = p_checkpoint_ns and c.checkpoint_id = p_checkpoint_id
      );
    end if;
    if v_row.thread_key is not null then
      checkpoints := jsonb_build_array(work.checkpoint_as_json(p_row => v_row));
    end if;
  else
    select coalesce(jsonb_agg(work.checkpoint_as_json(p_row => f)), '[]') into checkpoints
    from work.find_checkpoints(
      p_thread => v_thread, p_checkpoint_ns => p_checkpoint_ns, p_checkpoint_id => p_checkpoint_id, p_filter => p_filter,
      p_before => p_before, p_after => p_after, p_limit => p_limit
    ) as f;
  end if;
  select b.blobs, b.data into blobs, data
  from work.read_checkpoint_blobs(
    p_blobs => array(
      select v.id::text::bigint
      from jsonb_path_query(checkpoints, '$[*].channel_values.*[*] ? (@.type() == "number")') as v (id)
      union all
      select v.id::text::bigint from jsonb_path_query(checkpoints, '$[*].writes[*][2][*] ? (@.type() == "number")') as v (id)
    )
  ) as b;
  return next;
end
$_$;

ALTER FUNCTION work.list_checkpoints(p_thread_id text, p_checkpoint_ns text, p_checkpoint_id text, p_filter jsonb, p_before text, p_after jsonb, p_limit integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.list_checkpoints(p_thread_id text, p_checkpoint_ns text, p_checkpoint_id text, p_filter jsonb, p_before text, p_after jsonb, p_limit integer) IS 'Checkpoints with writes and blobs, latest first, in keyset pages. Errors: PT400 invalid_limit, invalid_cursor';

CREATE FUNCTION work.list_comments(p_item_id text, p_limit integer DEFAULT 100, p_after text DEFAULT NULL::text) RETURNS SETOF work.comment_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_after timestamptz;
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  perform work.check_references(p_project_id => null, p_item_id => coalesce(p_item_id, ''));
  if p_after is not null then
    select c.created_at into v_after from work.comments as c where c.comment_id = p_after and c.item_id = p_item_id;
    if not found then
      raise exception using
        errcode = 'PT404', message = 'there is no such comment', constraint = 'no_comment',
        detail = left(p_after, 64), hint = 'begin with the first page';
    end if;
  end if;
  return query
  select
    c.comment_id::text, c.item_id, c.body, c.author, c.is_ai, c.author_user_id::text, c.author_agent_id, c.github_node_id,
    c.metadata, c.created_at, c.edited_at, c.edited_by
  from work.comments as c
  where c.item_id = p_item_id
    and c.deleted_at is null
    and (p_after is null or (c.created_at, c.comment_id) > (v_after, p_after))
  order by c.created_at, c.comment_id
  limit p_limit;
end
$$;

ALTER FUNCTION work.list_comments(p_item_id text, p_limit integer, p_after text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.list_comments(p_item_id text, p_limit integer, p_after text) IS 'The comments on an item, oldest first, in keyset pages. Errors: PT400 invalid_limit, PT404 no_item, no_comment';

CREATE FUNCTION work.list_decisions(p_item_id text DEFAULT NULL::text, p_project_id text DEFAULT NULL::text, p_holds boolean DEFAULT false, p_limit integer DEFAULT 100, p_after text DEFAULT NULL::text) RETURNS SETOF work.decision_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
declare
  v_after timestamptz;
  v_page text[];
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  if p_after is not null then
    select d.decided_at into v_after from work.decisions as d where d.decision_id = p_after;
    if not found then
      raise exception using
        errcode = 'PT404', message = 'there is no such decision', constraint = 'no_decision',
        detail = left(p_after, 64), hint = 'begin with the first page';
    end if;
  end if;
  select array_agg(p.decision_id) into v_page from (
    select d.decision_id::text from work.decisions as d
    where (p_item_id is null or d.item_id = p_item_id)
      and (p_project_id is null or d.project_id = p_project_id)
      and (not coalesce(p_holds, false) or not exists (
        select from work.decisions as n where n.supersedes_id = d.decision_id
      ))
      and (p_after is null or (d.decided_at, d.decision_id) < (v_after, p_after))
    order by d.decided_at desc, d.decision_id desc
    limit p_limit
  ) as p;
  return query
  select
    r.decision_id, r.project_id, r.item_id, r.title, r.decision, r.rationale, r.alternatives, r.supersedes_id,
    r.superseded_by_id, r.decided_by, r.run_id, r.decided_at
  from work.decision_rows(p_decision_ids => v_page) as r
  order by r.decided_at desc, r.decision_id collate "C" desc;
end
$$;

ALTER FUNCTION work.list_decisions(p_item_id text, p_project_id text, p_holds boolean, p_limit integer, p_after text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.list_decisions(p_item_id text, p_project_id text, p_holds boolean, p_limit integer, p_after text) IS 'Decisions, newest first, in keyset pages. Errors: PT400 invalid_limit, PT404 no_decision';

CREATE FUNCTION work.list_executions(p_status text DEFAULT NULL::text, p_workflow_id text DEFAULT NULL::text, p_parent_run_id text DEFAULT NULL::text, p_project_id text DEFAULT NULL::text, p_tags jsonb DEFAULT NULL::jsonb, p_limit integer DEFAULT 100, p_after text DEFAULT NULL::text) RETURNS SETOF work.execution_info
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
  select work.check_limit(p_limit => p_limit, p_greatest => 1000);
  select work.refuse_run(p_run_id => p_after, p_status => null)
  where p_after is not null and not exists (select from work.workflow_executions as e where e.run_id = p_after);
  select work.execution_of(e, false)
  from work.workflow_executions as e
  where (p_status is null or e.status = p_status)
    and (p_workflow_id is null or e.workflow_id = p_workflow_id)
    and (p_parent_run_id is null or e.parent_run_id = p_parent_run_id)
    and (p_project_id is null or e.project_id = p_project_id)
    and (p_tags is null or e.tags @> p_tags)
    and (p_after is null or (e.created_at, e.run_id) < (
      (select a.created_at from work.workflow_executions as a where a.run_id = p_after), p_after
    ))
  order by e.created_at desc, e.run_id desc
  limit p_limit
$$;

ALTER FUNCTION work.list_executions(p_status text, p_workflow_id text, p_parent_run_id text, p_project_id text, p_tags jsonb, p_limit integer, p_after text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.list_executions(p_status text, p_workflow_id text, p_parent_run_id text, p_project_id text, p_tags jsonb, p_limit integer, p_after text) IS 'Runs, newest first, in keyset pages. Errors: PT400 invalid_limit, PT404 no_run';

CREATE FUNCTION work.list_item_states(p_item_type text DEFAULT NULL::text) RETURNS TABLE(item_type text, state text, is_initial boolean, is_final boolean, is_agreed boolean, description text, to_states text[])
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
    s.item_type,
    s.state,
    s.is_initial,
    s.is_final,
    s.is_agreed,
    s.description,
    array(
      select t.to_state
      from work.item_state_transitions as t
      inner join work.item_states as e on e.item_type = t.item_type and e.state = t.to_state
      where t.item_type = s.item_type and t.from_state = s.state
      order by e.position
    )
  from work.item_states as s
  where p_item_type is null or s.item_type = p_item_type
  order by s.item_type, s.position
$$;

ALTER FUNCTION work.list_item_states(p_item_type text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.list_item_states(p_item_type text) IS 'The states of a type of item, with the moves from each';

CREATE FUNCTION work.list_items(p_project_id text DEFAULT NULL::text, p_item_type text DEFAULT NULL::text, p_state text DEFAULT NULL::text, p_open boolean DEFAULT NULL::boolean, p_user_id text DEFAULT NULL::text, p_agent_id text DEFAULT NULL::text, p_tags jsonb DEFAULT NULL::jsonb, p_limit integer DEFAULT 100, p_after text DEFAULT NULL::text) RETURNS SETOF work.item_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
declare
  v_after timestamptz;
  v_page text[];
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  if p_after is not null then
    select i.created_at into v_after from work.items as i where i.item_id = p_after;
    if not found then
      perform work.refuse_missing_item(p_item_id => p_after);
    end if;
  end if;
  select array_agg(p.item_id) into v_page from (
    select i.item_id from work.items as i
    where i.deleted_at is null
      and (p_project_id is null or i.project_id = p_project_id)
      and (p_item_type is null or i.item_type = p_item_type)
      and (p_state is null or i.state = p_state)
      and (p_open is null or not p_open or i.closed_at is null)
      and (p_open is null or p_open or i.closed_at is not null)
      and (p_user_id is null or i.assigned_user_id = p_user_id)
      and (p_agent_id is null or i.assigned_agent_id = p_agent_id)
      and (p_tags is null or i.tags @> p_tags)
      and (p_after is null or (i.created_at, i.item_id) < (v_after, p_after))
    order by i.created_at desc, i.item_id desc
    limit p_limit
  ) as p;
  return query
  select
    r.item_id, r.project_id, r.item_type, r.title, r.description, r.priority, r.state, r.state_seq, r.state_since,
    r.closed_at, r.version, r.assigned_user_id, r.assigned_agent_id, r.depends_on, r.github_repository, r.github_number,
    r.github_node_id, r.github_url, r.ai_analysis, r.ai_suggestions, r.tags, r.metadata, r.created_by, r.run_id,
    r.created_at, r.updated_at
  from work.item_rows(p_item_ids => v_page) as r
  order by r.created_at desc, r.item_id collate "C" desc;
end
$$;

ALTER FUNCTION work.list_items(p_project_id text, p_item_type text, p_state text, p_open boolean, p_user_id text, p_agent_id text, p_tags jsonb, p_limit integer, p_after text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.list_items(p_project_id text, p_item_type text, p_state text, p_open boolean, p_user_id text, p_agent_id text, p_tags jsonb, p_limit integer, p_after text) IS 'Items, newest first, in keyset pages. Errors: PT400 invalid_limit, PT404 no_item';

CREATE FUNCTION work.list_projects(p_limit integer DEFAULT 100, p_after text DEFAULT NULL::text) RETURNS SETOF work.project_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  return query
  select
    r.project_id, r.name, r.description, r.repository, r.default_branch, r.tech_stack, r.pr_merge_rate, r.test_coverage,
    r.tags, r.metadata, r.created_at, r.updated_at
  from work.project_rows(p_project_ids => array(
    select p.project_id from work.projects as p
    where p.deleted_at is null and p.project_id > coalesce(p_after, '')
    order by p.project_id
    limit p_limit
  )) as r
  order by r.project_id collate "C";
end
$$;

ALTER FUNCTION work.list_projects(p_limit integer, p_after text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.list_projects(p_limit integer, p_after text) IS 'Projects by id, in keyset pages. Errors: PT400 invalid_limit';

CREATE TABLE work.queues (
    queue text NOT NULL,
    paused_at timestamp with time zone,
    events work.task_events DEFAULT 'terminal'::work.task_events NOT NULL,
    key_limit integer DEFAULT 1 NOT NULL,
    retry_base_seconds double precision DEFAULT 5 NOT NULL,
    retry_max_seconds double precision DEFAULT 3600 NOT NULL,
    retention_days integer DEFAULT 30 NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT queues_key_limit_check CHECK (((key_limit >= 1) AND (key_limit <= 1000))),
    CONSTRAINT queues_queue_check CHECK ((queue ~ '^[a-z][a-z0-9_.-]{0,62}$'::text)),
    CONSTRAINT queues_retention_days_check CHECK (((retention_days >= 1) AND (retention_days <= 3650))),
    CONSTRAINT queues_retry_base_seconds_check CHECK (((retry_base_seconds >= (0)::double precision) AND (retry_base_seconds <= (86400)::double precision))),
    CONSTRAINT queues_retry_max_seconds_check CHECK (((retry_max_seconds >= (0)::double precision) AND (retry_max_seconds <= (604800)::double precision)))
);

ALTER TABLE work.queues OWNER TO pylayer_owner;

COMMENT ON TABLE work.queues IS 'Queues of tasks and how each treats them. The first task of a queue makes it';

COMMENT ON COLUMN work.queues.queue IS 'Name: a lower-case letter, then up to 62 of a-z, 0-9, _, . and -';

COMMENT ON COLUMN work.queues.paused_at IS 'Since when none of its tasks is handed out; null is not';

COMMENT ON COLUMN work.queues.events IS 'Which changes of its tasks'' state become events';

COMMENT ON COLUMN work.queues.key_limit IS 'Most tasks of one concurrency key that are ready or running at once';

COMMENT ON COLUMN work.queues.retry_base_seconds IS 'Wait after a task''s first failure, seconds; doubled after each further one, with jitter';

COMMENT ON COLUMN work.queues.retry_max_seconds IS 'Longest wait after a failure, seconds, before jitter';

COMMENT ON COLUMN work.queues.retention_days IS 'How long completed tasks are kept, days';

COMMENT ON COLUMN work.queues.created_at IS 'When it was made';

COMMENT ON COLUMN work.queues.updated_at IS 'When its settings last changed';

CREATE FUNCTION work.list_queues() RETURNS SETOF work.queues
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
    q.queue,
    q.paused_at,
    q.events,
    q.key_limit,
    q.retry_base_seconds,
    q.retry_max_seconds,
    q.retention_days,
    q.created_at,
    q.updated_at
  from work.queues as q
  order by q.queue
$$;

ALTER FUNCTION work.list_queues() OWNER TO pylayer_api;

COMMENT ON FUNCTION work.list_queues() IS 'The queues and their settings, by name';

CREATE TABLE work.task_schedules (
    schedule text NOT NULL,
    cron text NOT NULL,
    timezone text DEFAULT 'UTC'::text NOT NULL,
    task jsonb NOT NULL,
    next_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT task_schedules_cron_check CHECK (((length(cron) >= 1) AND (length(cron) <= 200))),
    CONSTRAINT task_schedules_schedule_check CHECK ((schedule ~ '^[a-z][a-z0-9_.-]{0,62}$'::text)),
    CONSTRAINT task_schedules_task_check CHECK ((jsonb_typeof(task) = 'object'::text)),
    CONSTRAINT task_schedules_timezone_check CHECK (((length(timezone) >= 1) AND (length(timezone) <= 64)))
);

ALTER TABLE work.task_schedules OWNER TO pylayer_owner;

COMMENT ON TABLE work.task_schedules IS 'Schedules, each of which enqueues a task at each of its times';

COMMENT ON COLUMN work.task_schedules.schedule IS 'Name: a lower-case letter, then up to 62 of a-z, 0-9, _, . and -';

COMMENT ON COLUMN work.task_schedules.cron IS 'Its times as a cron expression of five fields; the scheduler reads it';

COMMENT ON COLUMN work.task_schedules.timezone IS 'Time zone of the cron expression, an IANA name';

COMMENT ON COLUMN work.task_schedules.task IS 'The task that it enqueues, as work.enqueue_tasks takes it';

COMMENT ON COLUMN work.task_schedules.next_at IS 'Its next time';

COMMENT ON COLUMN work.task_schedules.last_at IS 'The time for which it last enqueued a task; null before the first';

COMMENT ON COLUMN work.task_schedules.created_at IS 'When it was made';

COMMENT ON COLUMN work.task_schedules.updated_at IS 'When it was last set';

CREATE FUNCTION work.list_schedules(p_due boolean DEFAULT false) RETURNS SETOF work.task_schedules
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
    s.schedule,
    s.cron,
    s.timezone,
    s.task,
    s.next_at,
    s.last_at,
    s.created_at,
    s.updated_at
  from work.task_schedules as s
  where not p_due or s.next_at <= statement_timestamp()
  order by s.next_at, s.schedule
$$;

ALTER FUNCTION work.list_schedules(p_due boolean) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.list_schedules(p_due boolean) IS 'The schedules, by their next time';

CREATE FUNCTION work.list_steps(p_run_id text, p_limit integer DEFAULT 1000, p_after text DEFAULT NULL::text) RETURNS SETOF work.step_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  perform work.get_execution(p_run_id => p_run_id);
  return query
  select
    s.run_id, s.step_name, s.status, s.attempt, s.tries, s.output, s.error, s.duration_ms, s.wakes_at, s.started_at,
    s.completed_at
  from work.step_executions as s
  where s.run_id = p_run_id and (p_after is null or s.step_name > p_after)
  order by s.step_name
  limit p_limit;
end
$$;

ALTER FUNCTION work.list_steps(p_run_id text, p_limit integer, p_after text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.list_steps(p_run_id text, p_limit integer, p_after text) IS 'The steps of a run by name, in keyset pages. Errors: PT400 invalid_limit, PT404 no_run';

CREATE FUNCTION work.list_tasks(p_status work.task_status DEFAULT NULL::work.task_status, p_queue text DEFAULT NULL::text, p_task_name text DEFAULT NULL::text, p_run_id text DEFAULT NULL::text, p_limit integer DEFAULT 100, p_after text DEFAULT NULL::text) RETURNS SETOF work.task_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  return query
  select
    t.execution_id, t.queue, t.task_name::text, t.task_type, t.status, t.priority::integer, t.retry_count::integer,
    t.max_retries::integer, t.timeout_seconds::integer, t.input_data, t.output_data, t.error, t.unique_key, t.concurrency_key,
    t.run_id, t.workflow_name, t.agent_id, t.project_id, t.worker, t.metadata, t.created_at, t.scheduled_at, t.started_at,
    t.lease_expires_at, t.finished_at, t.execution_time_ms
  from work.task_executions as t
  where (p_status is null or t.status = p_status)
    and (p_queue is null or t.queue = p_queue)
    and (p_task_name is null or t.task_name = p_task_name)
    and (p_run_id is null or t.run_id = p_run_id)
    and (p_after is null or t.execution_id < p_after)
  order by t.execution_id desc
  limit p_limit;
end
$$;

ALTER FUNCTION work.list_tasks(p_status work.task_status, p_queue text, p_task_name text, p_run_id text, p_limit integer, p_after text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.list_tasks(p_status work.task_status, p_queue text, p_task_name text, p_run_id text, p_limit integer, p_after text) IS 'Tasks, newest first, in keyset pages. Errors: PT400 invalid_limit';

CREATE TABLE work.execution_traces (
    run_id text NOT NULL,
    span_id text NOT NULL,
    parent_span_id text,
    name text NOT NULL,
    kind text NOT NULL,
    step_name text,
    status text NOT NULL,
    error text,
    input_ref text,
    output_ref text,
    model text,
    input_tokens bigint,
    cached_input_tokens bigint,
    output_tokens bigint,
    cost_usd numeric,
    metadata jsonb,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT ends_after_its_start CHECK (((ended_at >= started_at) AND isfinite(started_at) AND isfinite(ended_at))),
    CONSTRAINT execution_traces_cached_input_tokens_check CHECK ((cached_input_tokens >= 0)),
    CONSTRAINT execution_traces_cost_usd_check CHECK (((cost_usd >= (0)::numeric) AND (cost_usd <= (1000000000)::numeric))),
    CONSTRAINT execution_traces_input_ref_check CHECK ((length(input_ref) <= 2000)),
    CONSTRAINT execution_traces_input_tokens_check CHECK ((input_tokens >= 0)),
    CONSTRAINT execution_traces_kind_check CHECK ((kind = ANY (ARRAY['llm'::text, 'tool'::text, 'retrieval'::text, 'agent'::text]))),
    CONSTRAINT execution_traces_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text)),
    CONSTRAINT execution_traces_model_check CHECK ((length(model) <= 500)),
    CONSTRAINT execution_traces_name_check CHECK (((length(name) >= 1) AND (length(name) <= 500))),
    CONSTRAINT execution_traces_output_ref_check CHECK ((length(output_ref) <= 2000)),
    CONSTRAINT execution_traces_output_tokens_check CHECK ((output_tokens >= 0)),
    CONSTRAINT execution_traces_parent_span_id_check CHECK (((octet_length(parent_span_id) >= 1) AND (octet_length(parent_span_id) <= 200))),
    CONSTRAINT execution_traces_span_id_check CHECK (((octet_length(span_id) >= 1) AND (octet_length(span_id) <= 200))),
    CONSTRAINT execution_traces_status_check CHECK ((status = ANY (ARRAY['ok'::text, 'error'::text]))),
    CONSTRAINT execution_traces_step_name_check CHECK (((octet_length(step_name) >= 1) AND (octet_length(step_name) <= 500)))
);

ALTER TABLE work.execution_traces OWNER TO pylayer_owner;

COMMENT ON TABLE work.execution_traces IS 'Spans of runs: calls of models, tools, retrieval and agents. Append-only';

COMMENT ON COLUMN work.execution_traces.run_id IS 'Run';

COMMENT ON COLUMN work.execution_traces.span_id IS 'Id, once in a run';

COMMENT ON COLUMN work.execution_traces.parent_span_id IS 'Span around it; null at the top';

COMMENT ON COLUMN work.execution_traces.name IS 'What was called';

COMMENT ON COLUMN work.execution_traces.kind IS 'llm, tool, retrieval or agent';

COMMENT ON COLUMN work.execution_traces.step_name IS 'Step that it belongs to';

COMMENT ON COLUMN work.execution_traces.status IS 'ok or error';

COMMENT ON COLUMN work.execution_traces.error IS 'Why it failed';

COMMENT ON COLUMN work.execution_traces.input_ref IS 'Where its input stands, such as an artifact';

COMMENT ON COLUMN work.execution_traces.output_ref IS 'Where its output stands';

COMMENT ON COLUMN work.execution_traces.model IS 'Model of an llm span';

COMMENT ON COLUMN work.execution_traces.input_tokens IS 'Input tokens, the cached ones included';

COMMENT ON COLUMN work.execution_traces.cached_input_tokens IS 'Input tokens read from a cache';

COMMENT ON COLUMN work.execution_traces.output_tokens IS 'Output tokens';

COMMENT ON COLUMN work.execution_traces.cost_usd IS 'Cost, USD';

COMMENT ON COLUMN work.execution_traces.metadata IS 'What nobody queries';

COMMENT ON COLUMN work.execution_traces.started_at IS 'When it began';

COMMENT ON COLUMN work.execution_traces.ended_at IS 'When it ended';

COMMENT ON COLUMN work.execution_traces.recorded_at IS 'When it was stored; for those older than this column, when it was added';

CREATE FUNCTION work.list_traces(p_run_id text, p_limit integer DEFAULT 1000, p_after text DEFAULT NULL::text) RETURNS SETOF work.execution_traces
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_after timestamptz;
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  perform work.get_execution(p_run_id => p_run_id);
  if p_after is not null then
    select t.started_at into v_after from work.execution_traces as t where t.run_id = p_run_id and t.span_id = p_after;
    if not found then
      raise exception using
        errcode = 'PT404', message = 'the run has no such span', constraint = 'no_span',
        detail = format('run %s, span %s', p_run_id, left(p_after, 200)), hint = 'give the last span_id of the page before';
    end if;
  end if;
  return query
  select
    t.run_id, t.span_id, t.parent_span_id, t.name, t.kind, t.step_name, t.status, t.error, t.input_ref, t.output_ref,
    t.model, t.input_tokens, t.cached_input_tokens, t.output_tokens, t.cost_usd, t.metadata, t.started_at, t.ended_at,
    t.recorded_at
  from work.execution_traces as t
  where t.run_id = p_run_id and (p_after is null or (t.started_at, t.span_id) > (v_after, p_after))
  order by t.started_at, t.span_id
  limit p_limit;
end
$$;

ALTER FUNCTION work.list_traces(p_run_id text, p_limit integer, p_after text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.list_traces(p_run_id text, p_limit integer, p_after text) IS 'The spans of a run by their start, in keyset pages. Errors: PT400 invalid_limit, PT404 no_run, no_span';

CREATE FUNCTION work.list_versions(p_artifact_id text, p_limit integer DEFAULT 100, p_before integer DEFAULT NULL::integer) RETURNS SETOF work.artifact_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  return query
  select
    v.artifact_id::text,
    v.version,
    a.type,
    v.mime_type,
    v.size_bytes,
    v.content_hash,
    v.storage_backend,
    v.storage_key,
    v.preview_text,
    v.extracted_fields,
    v.is_kb_ingested,
    v.created_at,
    a.latest_version,
    a.tags,
    a.owner_item_id,
    a.owner_run_id,
    a.project_id,
    exists (
      select from work.artifact_tombstones as t where t.artifact_id = v.artifact_id and t.version = v.version
    )
  from work.artifacts as a
  inner join work.artifact_versions as v on v.artifact_id = a.artifact_id
  where a.artifact_id = p_artifact_id and v.version < coalesce(p_before, 2147483647)
  order by v.version desc
  limit p_limit;
  if not found and not exists (
    select from work.artifacts as a where a.artifact_id = p_artifact_id and a.latest_version > 0
  ) then
    perform work.refuse_missing(p_artifact_id => p_artifact_id, p_version => null);
  end if;
end
$$;

ALTER FUNCTION work.list_versions(p_artifact_id text, p_limit integer, p_before integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.list_versions(p_artifact_id text, p_limit integer, p_before integer) IS 'Versions of an artifact, newest first, in keyset pages. Errors: PT400 invalid_limit, invalid_artifact_id, PT404 no_artifact';

CREATE FUNCTION work.list_workflows(p_workflow_id text DEFAULT NULL::text, p_status text DEFAULT NULL::text, p_project_id text DEFAULT NULL::text, p_limit integer DEFAULT 100, p_after text[] DEFAULT NULL::text[]) RETURNS SETOF work.workflow_info
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select work.check_limit(p_limit => p_limit, p_greatest => 1000);
  select work.workflow_of(w, false)
  from work.workflows as w
  left join lateral work.version_bounds(p_selector => p_after[2]) as a on p_after is not null
  where (p_workflow_id is null or w.workflow_id = p_workflow_id)
    and (p_status is null or w.status = p_status)
    and (p_project_id is null or w.project_id = p_project_id)
    and (
      p_after is null
      or w.workflow_id > p_after[1]
      or (
        w.workflow_id = p_after[1]
        and (w.version_major, w.version_minor, w.version_patch) < (a.p_from[1], a.p_from[2], a.p_from[3])
      )
    )
  order by w.workflow_id, w.version_major desc, w.version_minor desc, w.version_patch desc
  limit p_limit
$$;

ALTER FUNCTION work.list_workflows(p_workflow_id text, p_status text, p_project_id text, p_limit integer, p_after text[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.list_workflows(p_workflow_id text, p_status text, p_project_id text, p_limit integer, p_after text[]) IS 'Versions of workflows by name, the greatest first, in keyset pages. Errors: PT400 invalid_limit';

CREATE FUNCTION work.lock_artifact(p_artifact_id text, p_type text, p_expected_version integer, OUT type text, OUT latest_version integer, OUT reserved_version integer, OUT latest_content_hash text) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  loop
    select a.type, a.latest_version, a.reserved_version, a.latest_content_hash
    into type, latest_version, reserved_version, latest_content_hash
    from work.artifacts as a
    where a.artifact_id = p_artifact_id
    for no key update;
    exit when found;
    if p_type is null then
      perform work.refuse_missing(p_artifact_id => p_artifact_id, p_version => null);
    end if;
    -- Another session may insert the same id: the next round locks whichever came first.
    insert into work.artifacts (artifact_id, type) values (p_artifact_id, p_type) on conflict do nothing;
  end loop;
  if p_type is null and latest_version = 0 then
    perform work.refuse_missing(p_artifact_id => p_artifact_id, p_version => null);
  end if;
  if type <> p_type then
    raise exception using
      errcode = 'PT409', message = 'the artifact has another type', constraint = 'type_mismatch',
      detail = format('artifact %s has type %s, given %s', p_artifact_id, type, p_type),
      hint = 'a type never changes: give the artifact''s own, or another artifact_id';
  end if;
  perform work.check_expected_version(p_expected_version => p_expected_version, p_latest_version => latest_version);
end
$$;

ALTER FUNCTION work.lock_artifact(p_artifact_id text, p_type text, p_expected_version integer, OUT type text, OUT latest_version integer, OUT reserved_version integer, OUT latest_content_hash text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.lock_artifact(p_artifact_id text, p_type text, p_expected_version integer, OUT type text, OUT latest_version integer, OUT reserved_version integer, OUT latest_content_hash text) IS 'Locks an artifact for a write of a version, makes it where needed, checks type and expected version';

CREATE FUNCTION work.lock_checkpoint_thread(p_thread_id text) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_thread bigint;
begin
  if p_thread_id is null or octet_length(p_thread_id) not between 1 and 1000 then
    raise exception using
      errcode = 'PT400', message = 'thread_id is missing or too long', constraint = 'invalid_thread_id',
      detail = format('%s bytes', octet_length(p_thread_id)), hint = 'give 1 to 1000 bytes of text';
  end if;
  loop
    select t.thread_key into v_thread from work.checkpoint_threads as t where t.thread_id = p_thread_id for share;
    exit when found;
    -- Another session may insert or remove the same thread: the next round locks what is there then.
    insert into work.checkpoint_threads (thread_id) values (p_thread_id) on conflict do nothing;
  end loop;
  return v_thread;
end
$$;

ALTER FUNCTION work.lock_checkpoint_thread(p_thread_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.lock_checkpoint_thread(p_thread_id text) IS 'Makes a thread where there is none, and keeps anything from being removed from it. Errors: PT400 invalid_thread_id';

CREATE FUNCTION work.lock_checkpoint_threads(p_threads bigint[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform from work.checkpoint_threads as t where t.thread_key = any(p_threads) order by t.thread_key for update;
  update work.checkpoint_threads as t set pruned_at = clock_timestamp() where t.thread_key = any(p_threads);
end
$$;

ALTER FUNCTION work.lock_checkpoint_threads(p_threads bigint[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.lock_checkpoint_threads(p_threads bigint[]) IS 'Waits until nobody stores in threads, and keeps everybody from it until the end of the transaction';

CREATE FUNCTION work.lock_driven(p_run_id text, p_worker text, p_started_at timestamp with time zone, p_alive_seconds integer) RETURNS work.workflow_executions
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_run work.workflow_executions;
  v_alive_until timestamptz := clock_timestamp() + make_interval(secs => p_alive_seconds);
  v_is_next boolean;
begin
  select e.* into v_run from work.workflow_executions as e where e.run_id = p_run_id for no key update;
  if not found then
    perform work.refuse_run(p_run_id => p_run_id, p_status => null);
  end if;
  v_is_next := p_started_at is not null
    and coalesce(right(coalesce(v_run.worker, v_run.actor), 26) collate "C" < right(p_worker, 26) collate "C", true);
  if v_run.attempt = 0 or v_run.lease_seconds is not null or v_run.status in ('completed', 'cancelled') then
    return v_run;  -- pending or claimed, it belongs to workers
  end if;
  if v_run.status = 'running' and v_run.worker = p_worker then
    -- An indexed column: renewed when half of the time is gone.
    if v_run.deadline < clock_timestamp() + make_interval(secs => p_alive_seconds / 2.0) then
      update work.workflow_executions as e set deadline = v_alive_until, updated_at = clock_timestamp()
      where e.run_id = p_run_id;
    end if;
  elsif v_is_next or (v_run.status = 'failed' and v_run.worker = p_worker and v_run.actor is null) then
    update work.workflow_executions as e
    set
      status = 'running', status_at = coalesce(p_started_at, clock_timestamp()), reason = null, error = null, actor = p_worker, worker = p_worker,
      attempt = e.attempt + v_is_next::integer, due_at = null, deadline = v_alive_until, updated_at = clock_timestamp()
    where e.run_id = p_run_id
    returning e.* into v_run;
  end if;
  return v_run;
end
$$;

ALTER FUNCTION work.lock_driven(p_run_id text, p_worker text, p_started_at timestamp with time zone, p_alive_seconds integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.lock_driven(p_run_id text, p_worker text, p_started_at timestamp with time zone, p_alive_seconds integer) IS 'Locks a run that something else drives, and gives it to its driver. Errors: PT404 no_run';

CREATE FUNCTION work.lock_execution(p_run_id text, p_attempt integer, p_ending text DEFAULT NULL::text) RETURNS work.workflow_executions
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_run work.workflow_executions;
begin
  select e.* into v_run from work.workflow_executions as e where e.run_id = p_run_id for no key update;
  if v_run.attempt is distinct from p_attempt and v_run.status in ('running', 'waiting') then
    raise exception using
      errcode = 'PT409', message = 'another attempt has taken the run over', constraint = 'stale_attempt',
      detail = format('run %s: attempt %s, given %s', p_run_id, v_run.attempt, coalesce(p_attempt::text, 'null')),
      hint = 'stop working on it: what this attempt does is no longer recorded';
  end if;
  if v_run.attempt = p_attempt and v_run.status = p_ending then
    return v_run;
  end if;
  if v_run.status is distinct from 'running' then
    perform work.refuse_run(p_run_id => p_run_id, p_status => v_run.status);
  end if;
  if v_run.deadline <= clock_timestamp() and p_ending is distinct from 'failed' then
    raise exception using
      errcode = 'PT409', message = 'the deadline of the run has passed', constraint = 'deadline_passed',
      detail = format('run %s: %s', p_run_id, v_run.deadline), hint = 'stop working on it, and call work.fail_execution';
  end if;
  return v_run;
end
$$;

ALTER FUNCTION work.lock_execution(p_run_id text, p_attempt integer, p_ending text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.lock_execution(p_run_id text, p_attempt integer, p_ending text) IS 'Locks a running run for whoever holds its latest attempt, and refuses everybody else';

CREATE TABLE work.items (
    item_id text DEFAULT core.new_ulid() NOT NULL COLLATE pg_catalog."C",
    project_id text COLLATE pg_catalog."C",
    item_type text NOT NULL COLLATE pg_catalog."C",
    title text NOT NULL,
    description text,
    priority integer DEFAULT 2 NOT NULL,
    state text NOT NULL COLLATE pg_catalog."C",
    state_seq integer DEFAULT 1 NOT NULL,
    state_since timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    closed_at timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    assigned_user_id core.ulid,
    assigned_agent_id text COLLATE pg_catalog."C",
    github_repository text,
    github_number integer,
    github_node_id text,
    github_url text,
    ai_analysis jsonb,
    ai_suggestions jsonb,
    tags jsonb,
    metadata jsonb,
    created_by text DEFAULT SESSION_USER NOT NULL,
    run_id text,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT items_ai_analysis_check CHECK ((jsonb_typeof(ai_analysis) = 'object'::text)),
    CONSTRAINT items_ai_suggestions_check CHECK ((jsonb_typeof(ai_suggestions) = ANY (ARRAY['object'::text, 'array'::text]))),
    CONSTRAINT items_assigned_to_one CHECK ((num_nonnulls(assigned_user_id, assigned_agent_id) <= 1)),
    CONSTRAINT items_created_by_check CHECK (((length(created_by) >= 1) AND (length(created_by) <= 200))),
    CONSTRAINT items_description_check CHECK ((octet_length(description) <= 262144)),
    CONSTRAINT items_github_node_id_check CHECK (((length(github_node_id) >= 1) AND (length(github_node_id) <= 200))),
    CONSTRAINT items_github_number_check CHECK ((github_number > 0)),
    CONSTRAINT items_github_repository_check CHECK (((length(github_repository) >= 1) AND (length(github_repository) <= 200))),
    CONSTRAINT items_github_url_check CHECK (((length(github_url) >= 1) AND (length(github_url) <= 2000))),
    CONSTRAINT items_item_id_check CHECK ((((length(item_id) >= 1) AND (length(item_id) <= 200)) AND (item_id !~ '[[:cntrl:]]'::text) AND (item_id = btrim(item_id)))),
    CONSTRAINT items_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text)),
    CONSTRAINT items_priority_check CHECK (((priority >= 0) AND (priority <= 4))),
    CONSTRAINT items_run_id_check CHECK (((length(run_id) >= 1) AND (length(run_id) <= 500))),
    CONSTRAINT items_tags_check CHECK ((jsonb_typeof(tags) = ANY (ARRAY['object'::text, 'array'::text]))),
    CONSTRAINT items_title_check CHECK (((length(btrim(title)) >= 1) AND (length(btrim(title)) <= 500))),
    CONSTRAINT items_version_check CHECK ((version > 0))
)
WITH (fillfactor='80');

ALTER TABLE work.items OWNER TO pylayer_owner;

COMMENT ON TABLE work.items IS 'Work items. The state follows work.item_transitions; rows are never removed, only marked';

COMMENT ON COLUMN work.items.item_id IS 'Id: a ULID or one of the team''s own, such as INFR-001; never changes';

COMMENT ON COLUMN work.items.project_id IS 'Project; null is none';

COMMENT ON COLUMN work.items.item_type IS 'Type, which decides the states; never changes';

COMMENT ON COLUMN work.items.title IS 'Title';

COMMENT ON COLUMN work.items.description IS 'Description, such as Markdown';

COMMENT ON COLUMN work.items.priority IS '0 (drop everything) to 4 (some day)';

COMMENT ON COLUMN work.items.state IS 'State: that of the latest row of work.item_transitions';

COMMENT ON COLUMN work.items.state_seq IS 'Number of the latest row of work.item_transitions';

COMMENT ON COLUMN work.items.state_since IS 'Since when it is in this state';

COMMENT ON COLUMN work.items.closed_at IS 'Since when it is in a final state; null is open';

COMMENT ON COLUMN work.items.version IS 'Counts edits and assignments, not changes of state';

COMMENT ON COLUMN work.items.assigned_user_id IS 'User who works on it; never together with an agent';

COMMENT ON COLUMN work.items.assigned_agent_id IS 'Agent that works on it; never together with a user';

COMMENT ON COLUMN work.items.github_repository IS 'Repository on GitHub, as owner/name; null is that of the project';

COMMENT ON COLUMN work.items.github_number IS 'Number of the issue or pull request';

COMMENT ON COLUMN work.items.github_node_id IS 'Node id on GitHub';

COMMENT ON COLUMN work.items.github_url IS 'Address on GitHub';

COMMENT ON COLUMN work.items.ai_analysis IS 'What an agent found out about it, an object';

COMMENT ON COLUMN work.items.ai_suggestions IS 'What an agent suggests, an object or array';

COMMENT ON COLUMN work.items.tags IS 'Object or array to search by containment';

COMMENT ON COLUMN work.items.metadata IS 'Whatever else, an object';

COMMENT ON COLUMN work.items.created_by IS 'Who made it, in words; the login where nobody was named';

COMMENT ON COLUMN work.items.run_id IS 'Workflow run that made it; null is none';

COMMENT ON COLUMN work.items.created_at IS 'When it was made';

COMMENT ON COLUMN work.items.updated_at IS 'Last edit or assignment';

COMMENT ON COLUMN work.items.deleted_at IS 'Since when it counts as removed; null is not';

CREATE FUNCTION work.lock_item(p_item_id text, p_expected_version integer) RETURNS work.items
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_item work.items;
begin
  select i.* into v_item from work.items as i
  where i.item_id = p_item_id and i.deleted_at is null
  for no key update;
  if not found then
    perform work.refuse_missing_item(p_item_id => p_item_id);
  elsif v_item.version <> p_expected_version then
    raise exception using
      errcode = 'PT409', message = 'the item has another version', constraint = 'stale_version',
      detail = format('item %s, expected %s, latest %s', p_item_id, p_expected_version, v_item.version),
      hint = 'read the item again, and apply the change to what it says now';
  end if;
  return v_item;
end
$$;

ALTER FUNCTION work.lock_item(p_item_id text, p_expected_version integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.lock_item(p_item_id text, p_expected_version integer) IS 'Locks an item for an edit. Errors: PT404 no_item, PT409 stale_version';

CREATE TABLE work.artifact_uploads (
    upload_id core.ulid NOT NULL,
    artifact_id core.ulid NOT NULL,
    version integer NOT NULL,
    expected_version integer,
    mime_type text NOT NULL,
    size_bytes bigint NOT NULL,
    content_hash text NOT NULL,
    storage_key text NOT NULL,
    preview_text text,
    extracted_fields jsonb,
    tags jsonb,
    owner_item_id text,
    owner_run_id text,
    project_id text,
    state work.upload_state DEFAULT 'open'::work.upload_state NOT NULL,
    result_version integer,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    cleaned_at timestamp with time zone,
    CONSTRAINT artifact_uploads_content_hash_check CHECK ((content_hash ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT artifact_uploads_mime_type_check CHECK ((length(mime_type) <= 255)),
    CONSTRAINT artifact_uploads_size_bytes_check CHECK ((size_bytes >= 0)),
    CONSTRAINT artifact_uploads_version_check CHECK ((version > 0)),
    CONSTRAINT cleaned_only_leftovers CHECK (((cleaned_at IS NULL) OR (state = ANY (ARRAY['unchanged'::work.upload_state, 'aborted'::work.upload_state, 'expired'::work.upload_state])))),
    CONSTRAINT finished_follows_state CHECK (((finished_at IS NULL) = (state = 'open'::work.upload_state))),
    CONSTRAINT result_follows_state CHECK (((result_version IS NOT NULL) = (state = ANY (ARRAY['committed'::work.upload_state, 'unchanged'::work.upload_state]))))
);

ALTER TABLE work.artifact_uploads OWNER TO pylayer_owner;

COMMENT ON TABLE work.artifact_uploads IS 'Attempts to write content to object storage: the record that finds what a crash left behind. Committed ones stay, so that a repeat is safe';

COMMENT ON COLUMN work.artifact_uploads.upload_id IS 'ULID of the attempt';

COMMENT ON COLUMN work.artifact_uploads.artifact_id IS 'Artifact that gets the version';

COMMENT ON COLUMN work.artifact_uploads.version IS 'Version number that was reserved';

COMMENT ON COLUMN work.artifact_uploads.expected_version IS 'Latest version that the writer expects, checked again at commit; null is any';

COMMENT ON COLUMN work.artifact_uploads.mime_type IS 'Mime type of the content';

COMMENT ON COLUMN work.artifact_uploads.size_bytes IS 'Size of the content, bytes';

COMMENT ON COLUMN work.artifact_uploads.content_hash IS 'sha256 of the content, hex';

COMMENT ON COLUMN work.artifact_uploads.storage_key IS 'Key of the object, of this attempt alone';

COMMENT ON COLUMN work.artifact_uploads.preview_text IS 'For the version; null once finished';

COMMENT ON COLUMN work.artifact_uploads.extracted_fields IS 'For the version; null once finished';

COMMENT ON COLUMN work.artifact_uploads.tags IS 'For the artifact, at commit; null keeps its own';

COMMENT ON COLUMN work.artifact_uploads.owner_item_id IS 'For the artifact, at commit; null keeps its own';

COMMENT ON COLUMN work.artifact_uploads.owner_run_id IS 'For the artifact, at commit; null keeps its own';

COMMENT ON COLUMN work.artifact_uploads.project_id IS 'For the artifact, at commit; null keeps its own';

COMMENT ON COLUMN work.artifact_uploads.state IS 'What became of the attempt';

COMMENT ON COLUMN work.artifact_uploads.result_version IS 'Version that commit returned';

COMMENT ON COLUMN work.artifact_uploads.created_at IS 'When it was begun';

COMMENT ON COLUMN work.artifact_uploads.expires_at IS 'Until when it may be committed';

COMMENT ON COLUMN work.artifact_uploads.finished_at IS 'When it left the state open';

COMMENT ON COLUMN work.artifact_uploads.cleaned_at IS 'When its leftovers were deleted last';

CREATE FUNCTION work.lock_upload(p_upload_id text, p_missing_ok boolean DEFAULT false) RETURNS work.artifact_uploads
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_upload work.artifact_uploads;
begin
  perform from work.artifacts as a
  where a.artifact_id = (select u.artifact_id from work.artifact_uploads as u where u.upload_id = p_upload_id)
  for no key update;
  select u.* into v_upload from work.artifact_uploads as u where u.upload_id = p_upload_id for update;
  if not found and not p_missing_ok then
    raise exception using
      errcode = 'PT404', message = 'there is no such upload', constraint = 'no_upload',
      detail = format('upload %s', left(p_upload_id, 64)),
      hint = 'work.begin_upload makes one; maintenance removes those that were given up';
  end if;
  return v_upload;
end
$$;

ALTER FUNCTION work.lock_upload(p_upload_id text, p_missing_ok boolean) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.lock_upload(p_upload_id text, p_missing_ok boolean) IS 'Locks an attempt and its artifact. Errors: PT404 no_upload';

CREATE FUNCTION work.lock_waiting_parent(p_run_id text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform from work.workflow_executions as e
  inner join work.workflow_executions as p on p.run_id = e.parent_run_id and p.waiting_for = 'run ' || e.run_id
  where e.run_id = p_run_id
  for no key update of p;
end
$$;

ALTER FUNCTION work.lock_waiting_parent(p_run_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.lock_waiting_parent(p_run_id text) IS 'Locks the run that waits for the end of a run';

CREATE FUNCTION work.new_task_id(p_now timestamp with time zone) RETURNS text
    LANGUAGE plpgsql PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_ms bigint := floor(extract(epoch from p_now) * 1000)::bigint;
  v_random text := gen_random_uuid()::text;
  v_id text := upper(left(v_random, 8) || right(v_random, 8));  -- what is random of it only; hexadecimal digits are of base32 too
begin
  for v_shift in 0 .. 45 by 5 loop
    v_id := substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (v_ms >> v_shift & 31)::integer + 1, 1) || v_id;
  end loop;
  return v_id;
end
$$;

ALTER FUNCTION work.new_task_id(p_now timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.new_task_id(p_now timestamp with time zone) IS 'A new id of a task';

CREATE FUNCTION work.new_tasks(p_tasks jsonb, p_prefix text, p_now timestamp with time zone, p_keys integer) RETURNS TABLE(execution_id text, scheduled_at timestamp with time zone, created_at timestamp with time zone, status work.task_status, priority integer, max_retries integer, timeout_seconds integer, queue text, task_name text, task_type text, unique_key text, concurrency_key text, run_id text, workflow_name text, agent_id text, project_id text, input_data jsonb, metadata jsonb, is_good boolean)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $_$
  select
    p_prefix || (10000 + t.nth)::text,
    coalesce(
      t.scheduled_at, p_now + make_interval(secs => case when t.delay_seconds between 0 and 315360000 then t.delay_seconds end), p_now
    ),
    p_now,
    case
      when t.scheduled_at > p_now or t.delay_seconds > 0 then 'scheduled'
      when t.concurrency_key is not null then 'blocked'
      else 'ready'
    end::work.task_status,
    coalesce(t.priority, 5),
    coalesce(t.max_retries, 3),
    coalesce(t.timeout_seconds, 300),
    coalesce(t.queue, 'default'),
    t.task_name, t.task_type, t.unique_key, t.concurrency_key, t.run_id, t.workflow_name, t.agent_id, t.project_id,
    nullif(t.input_data, 'null'), nullif(t.metadata, 'null'),
    length(t.task_name) between 1 and 200
    and (t.priority between 0 and 9) is not false
    and (
      num_nonnulls(t.task_name, t.input_data, t.queue, t.priority) = p_keys  -- most tasks have nothing else
      or (t.max_retries between 0 and 1000) is not false
      and (t.timeout_seconds between 1 and 604800) is not false
      and (t.delay_seconds between 0 and 315360000) is not false
      and (t.delay_seconds is null or t.scheduled_at is null)
      and (t.scheduled_at between timestamptz '1970-01-01 00:00:00+00' and timestamptz '9999-12-31 00:00:00+00') is not false
      and (t.unique_key <> '') is not false
      and (t.concurrency_key <> '') is not false
      and (jsonb_typeof(t.metadata) in ('object', 'null')) is not false
      and (
        greatest(
          length(t.unique_key), length(t.concurrency_key), length(t.task_type), length(t.run_id), length(t.workflow_name),
          length(t.agent_id), length(t.project_id)
        ) <= 500
      ) is not false
      -- no key that is unknown or null
      and num_nonnulls(
        t.task_name, t.input_data, t.queue, t.priority, t.delay_seconds, t.scheduled_at, t.unique_key, t.concurrency_key,
        t.max_retries, t.timeout_seconds, t.task_type, t.run_id, t.workflow_name, t.agent_id, t.project_id, t.metadata
      ) = coalesce(p_keys, case
        when pg_column_size(p_tasks -> (t.nth - 1)::integer) <= 1048576
          then jsonb_array_length(jsonb_path_query_array(p_tasks -> (t.nth - 1)::integer, '$.*.type()'))
      end)
    )
  from rows from (jsonb_to_recordset(p_tasks) as (
    task_name text, input_data jsonb, queue text, priority integer, delay_seconds double precision, scheduled_at timestamptz,
    unique_key text, concurrency_key text, max_retries integer, timeout_seconds integer, task_type text, run_id text,
    workflow_name text, agent_id text, project_id text, metadata jsonb
  )) with ordinality as t (
    task_name, input_data, queue, priority, delay_seconds, scheduled_at, unique_key, concurrency_key, max_retries,
    timeout_seconds, task_type, run_id, workflow_name, agent_id, project_id, metadata, nth
  )
$_$;

ALTER FUNCTION work.new_tasks(p_tasks jsonb, p_prefix text, p_now timestamp with time zone, p_keys integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.new_tasks(p_tasks jsonb, p_prefix text, p_now timestamp with time zone, p_keys integer) IS 'The rows of a batch of tasks, with whether each can be enqueued';

CREATE FUNCTION work.note_look(p_noted text, p_state bigint[], p_size integer, p_nths integer[], p_positions bigint[], p_n integer, p_started timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_now timestamptz := clock_timestamp();
  v_count integer := coalesce(cardinality(p_nths), 0);
  v_seen bigint := coalesce(p_state[2], 0);  -- what became ready before that look is visible by now, or soon found
begin
  for v_found in 1 .. v_count loop
    p_state[p_nths[v_found] + 2] := p_positions[v_found] - 100;
  end loop;
  if p_state[1] = 0 then
    for v_nth in 1 .. case when v_count < p_n then p_size else p_nths[v_count] - 1 end loop
      p_state[v_nth + 2] := coalesce(p_state[v_nth + 2], v_seen);
    end loop;
    p_state[1] := (1000 * extract(
      epoch from v_now + greatest(interval '1 second', least(20 * (v_now - p_started), interval '50 seconds'))
    ))::bigint;
    p_state[2] := (select s.last_value from work.task_positions as s);
  end if;
  perform set_config(p_noted, p_state::text, false);
end
$$;

ALTER FUNCTION work.note_look(p_noted text, p_state bigint[], p_size integer, p_nths integer[], p_positions bigint[], p_n integer, p_started timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.note_look(p_noted text, p_state bigint[], p_size integer, p_nths integer[], p_positions bigint[], p_n integer, p_started timestamp with time zone) IS 'Notes in the session how far a claim has come';

CREATE FUNCTION work.notify_tasks(p_queue text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform work.check_queue(p_queue => p_queue);
  perform pg_notify('pylayer_tasks', p_queue);
end
$$;

ALTER FUNCTION work.notify_tasks(p_queue text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.notify_tasks(p_queue text) IS 'Wakes the workers of a queue. Errors: PT400 invalid_queue';

CREATE FUNCTION work.pause_queue(p_queue text, p_paused boolean DEFAULT true) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform work.check_queue(p_queue => p_queue);
  insert into work.queues (queue) values (p_queue) on conflict (queue) do nothing;
  update work.queues as q
  set paused_at = case when p_paused is not false then clock_timestamp() end, updated_at = clock_timestamp()
  where q.queue = p_queue and (q.paused_at is null) = (p_paused is not false);
  return found;
end
$$;

ALTER FUNCTION work.pause_queue(p_queue text, p_paused boolean) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.pause_queue(p_queue text, p_paused boolean) IS 'Pauses a queue or lets it go on; true when that changed it. Errors: PT400 invalid_queue';

CREATE FUNCTION work.pick_tasks(p_worker text, p_queues text[], p_n integer) RETURNS tid[]
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  v_now timestamptz := clock_timestamp();
  v_queues text[];
  v_has_events boolean;
  v_noted text;  -- the setting that says where this session's claims in these queues begin, when not at the front
  v_note text;
  v_state bigint[];  -- as work.note_look keeps it
  v_read bigint := pg_stat_get_xact_tuples_returned('work.task_executions_ready_idx'::regclass);
  v_places tid[];
  v_nths integer[];
  v_positions bigint[];
  v_count integer;
begin
  select array_agg(q.queue order by array_position(p_queues, q.queue)), bool_or(q.events = 'all')
  into v_queues, v_has_events
  from work.queues as q
  where q.queue = any(p_queues) and q.paused_at is null;
  if v_queues is null then
    return null;
  end if;
  v_noted := 'pylayer.claims_' || md5(v_queues::text);
  v_note := current_setting(v_noted, true);
  if v_note <> '' and pg_input_is_valid(v_note, 'bigint[]') then  -- not when somebody else wrote it
    v_state := v_note::bigint[];
  end if;
  if (v_state[1] between extract(epoch from v_now) * 1000 and extract(epoch from v_now) * 1000 + 60000) is not true then
    v_state := array[0, v_state[2]];
  end if;

  select array_agg(s.place), array_agg(s.nth), array_agg(s.position)
  into v_places, v_nths, v_positions
  from (
    select f.nth, t.place, t.position
    from generate_series(1, 10 * cardinality(v_queues)) as f (nth)
    cross join lateral (
      select r.ctid as place, r.position from work.task_executions as r
      where r.status = 'ready'
        and r.queue = v_queues[(f.nth - 1) % cardinality(v_queues) + 1]
        and r.priority = (f.nth - 1) / cardinality(v_queues)
        and r.position > coalesce(v_state[f.nth + 2], 0)
      order by r.position
      limit p_n
      for no key update skip locked
    ) as t
    limit p_n
  ) as s;
  v_count := coalesce(cardinality(v_places), 0);
  v_read := pg_stat_get_xact_tuples_returned('work.task_executions_ready_idx'::regclass) - v_read;
  if v_state[1] > 0 or v_read > 3 * p_n + 100 then
    perform work.note_look(
      p_noted => v_noted, p_state => v_state, p_size => 10 * cardinality(v_queues), p_nths => v_nths,
      p_positions => v_positions, p_n => p_n, p_started => v_now
    );
  elsif v_note <> '' then
    perform set_config(v_noted, '', false);
  end if;
  if v_count = 0 then
    return null;
  end if;
  if v_has_events then
    perform work.store_task_events(p_changes => array(
      select row(
        t.execution_id, t.queue, 'ready', 'running', t.run_id, t.workflow_name, t.project_id, null, null, p_worker,
        t.scheduled_at
      )::work.task_change
      from work.task_executions as t
      where t.ctid = any(v_places)
    ));
  end if;
  return v_places;
end
$$;

ALTER FUNCTION work.pick_tasks(p_worker text, p_queues text[], p_n integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.pick_tasks(p_worker text, p_queues text[], p_n integer) IS 'Finds and locks the ready tasks that a worker is to get next';

CREATE FUNCTION work.project_rows(p_project_ids text[]) RETURNS SETOF work.project_info
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
    p.project_id,
    p.name,
    p.description,
    p.repository,
    p.default_branch,
    p.tech_stack,
    p.pr_merge_rate,
    p.test_coverage,
    p.tags,
    p.metadata,
    p.created_at,
    p.updated_at
  from work.projects as p
  where p.project_id = any(p_project_ids) and p.deleted_at is null
$$;

ALTER FUNCTION work.project_rows(p_project_ids text[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.project_rows(p_project_ids text[]) IS 'Projects by id, as functions return them, without those that count as removed';

CREATE FUNCTION work.prunable_checkpoints(p_threads bigint[], p_keep_last integer, p_since timestamp with time zone) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
with recursive ranked as materialized (
    select
      c.thread_key,
      c.checkpoint_ns,
      c.checkpoint_id,
      c.parent_checkpoint_id,
      c.metadata,
      c.channel_values,
      c.created_at >= p_since
      or row_number() over (partition by c.thread_key, c.checkpoint_ns order by c.checkpoint_id desc) <= p_keep_last
        as is_head
    from work.checkpoints as c
    where c.thread_key = any(p_threads)
  ),
  heads as materialized (
    select h.thread_key, h.checkpoint_ns, h.checkpoint_id, h.parent_checkpoint_id, h.metadata, h.channel_values
    from ranked as h
    where h.is_head and not (
      h.checkpoint_ns like '%:%' and exists (
        select from ranked as r
        where r.thread_key = h.thread_key and r.checkpoint_ns = ''
          and r.checkpoint_id = h.metadata -> 'parents' ->> '' and not r.is_head
      )
    )
  ),
  walk as (
    select h.thread_key, h.checkpoint_ns, h.parent_checkpoint_id as next_id, k.channel
    from heads as h
    cross join jsonb_object_keys(
      case
        when jsonb_typeof(h.metadata -> 'counters_since_delta_snapshot') = 'object'
          then h.metadata -> 'counters_since_delta_snapshot'
        else '{}'
      end
    ) as k (channel)
    where not h.channel_values ? k.channel
    union
    select c.thread_key, c.checkpoint_ns, case when not c.channel_values ? w.channel then c.parent_checkpoint_id end, w.channel
    from walk as w
    join work.checkpoints as c
      on c.thread_key = w.thread_key and c.checkpoint_ns = w.checkpoint_ns and c.checkpoint_id = w.next_id
  ),
  kept as (
    select h.thread_key, h.checkpoint_ns, h.checkpoint_id from heads as h
    union
    select w.thread_key, w.checkpoint_ns, w.next_id from walk as w where w.next_id is not null
  )
  select coalesce(jsonb_agg(jsonb_build_array(r.thread_key, r.checkpoint_ns, r.checkpoint_id)), '[]')
  from ranked as r
  left join kept as k using (thread_key, checkpoint_ns, checkpoint_id)
  where k.thread_key is null
$$;

ALTER FUNCTION work.prunable_checkpoints(p_threads bigint[], p_keep_last integer, p_since timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.prunable_checkpoints(p_threads bigint[], p_keep_last integer, p_since timestamp with time zone) IS 'Checkpoints of threads that may go: neither last, nor young, nor needed by one that stays';

CREATE FUNCTION work.prune_checkpoints(p_thread_ids jsonb, p_keep_last integer DEFAULT 1) RETURNS TABLE(checkpoints bigint, blobs bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_threads bigint[] := work.checkpoint_thread_keys(p_thread_ids => p_thread_ids);
begin
  perform work.check_limit(p_limit => p_keep_last, p_greatest => 1000000);
  perform work.lock_checkpoint_threads(p_threads => v_threads);
  return query
  select r.checkpoints, r.blobs
  from work.remove_checkpoints(
    p_threads => v_threads,
    p_keys => work.prunable_checkpoints(p_threads => v_threads, p_keep_last => p_keep_last, p_since => 'infinity')
  ) as r;
end
$$;

ALTER FUNCTION work.prune_checkpoints(p_thread_ids jsonb, p_keep_last integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.prune_checkpoints(p_thread_ids jsonb, p_keep_last integer) IS 'Removes all but the last checkpoints of threads and what they need. Errors: PT400 invalid_thread_ids, invalid_limit';

CREATE FUNCTION work.purge_executions(p_limit integer DEFAULT 1000) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_before timestamptz := clock_timestamp() - make_interval(
    days => (select s.run_retention_days from core.settings as s)
  );
  v_runs text[];
  v_deleted integer;
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 10000);
  v_runs := array(
    select e.run_id from work.workflow_executions as e
    left join work.workflow_executions as p on p.run_id = e.parent_run_id
    where e.status in ('completed', 'failed', 'cancelled')
      and e.created_at < v_before  -- no run ended before it was started: the index on status finds the old ones
      and e.completed_at < v_before
      and (e.parent_run_id is null or p.completed_at < v_before)
      and not exists (select from work.workflow_executions as c where c.parent_run_id = e.run_id)
    order by e.created_at
    limit p_limit
    for update of e skip locked
  );
  delete from work.step_executions as s where s.run_id = any(v_runs);
  delete from work.signals as s where s.run_id = any(v_runs);
  delete from work.execution_traces as t where t.run_id = any(v_runs);
  delete from work.workflow_executions as e where e.run_id = any(v_runs);
  get diagnostics v_deleted = row_count;
  return v_deleted;
end
$$;

ALTER FUNCTION work.purge_executions(p_limit integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.purge_executions(p_limit integer) IS 'Deletes runs that ended longer ago than the settings keep them; part of pylayer maintain. Errors: PT400 invalid_limit';

CREATE FUNCTION work.purge_tasks(p_limit integer DEFAULT 10000) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_now timestamptz := clock_timestamp();
  v_deleted integer;
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 10000);
  delete from work.task_executions as t
  using (
    select o.execution_id from work.task_executions as o
    inner join work.queues as q on q.queue = o.queue
    -- A task is no older than its id says: the primary key finds the old ones without an index of its own.
    where o.execution_id < core.ulid_floor(
        v_now - make_interval(days => (select min(k.retention_days) from work.queues as k))
      )
      and o.status = 'completed'
      and o.finished_at < v_now - make_interval(days => q.retention_days)
    order by o.execution_id
    limit p_limit
    for no key update of o skip locked
  ) as old
  where t.execution_id = old.execution_id;
  get diagnostics v_deleted = row_count;
  return v_deleted;
end
$$;

ALTER FUNCTION work.purge_tasks(p_limit integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.purge_tasks(p_limit integer) IS 'Deletes completed tasks that are older than their queue keeps them. Errors: PT400 invalid_limit';

CREATE FUNCTION work.put_checkpoint(p_thread_id text, p_checkpoint_ns text, p_checkpoint_id text, p_parent_checkpoint_id text, p_checkpoint jsonb, p_metadata jsonb, p_channel_values jsonb, p_blobs jsonb, p_data bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_thread bigint := work.lock_checkpoint_thread(p_thread_id => p_thread_id);
  v_same jsonb;
  v_blobs bigint[];
begin
  perform work.check_checkpoint_key(p_checkpoint_ns => p_checkpoint_ns, p_checkpoint_id => p_checkpoint_id);
  if octet_length(p_parent_checkpoint_id) > 500
    or jsonb_typeof(p_checkpoint) is distinct from 'object'
    or jsonb_typeof(p_metadata) is distinct from 'object'
  then
    raise exception using
      errcode = 'PT400', message = 'the checkpoint is not of the form that is expected', constraint = 'invalid_checkpoint',
      detail = format('checkpoint %s, metadata %s', jsonb_typeof(p_checkpoint), jsonb_typeof(p_metadata)),
      hint = 'give two objects, and a parent id of at most 500 bytes';
  end if;
  if p_channel_values @? '$.* ? (@ == null)' then
    select jsonb_object_agg(e.key, c.channel_values -> e.key) into v_same
    from work.checkpoints as c
    cross join jsonb_each(p_channel_values) as e (key, value)
    where c.thread_key = v_thread and c.checkpoint_ns = p_checkpoint_ns and c.checkpoint_id = p_parent_checkpoint_id
      and e.value = 'null'
      and c.checkpoint -> 'channel_versions' -> e.key = p_checkpoint -> 'channel_versions' -> e.key;
    if exists (
      select from jsonb_each(p_channel_values) as e (key, value)
      where e.value = 'null' and coalesce(v_same -> e.key, 'null') = 'null'
    ) then
      return false;
    end if;
  end if;
  v_blobs := work.store_checkpoint_blobs(p_thread_key => v_thread, p_blobs => p_blobs, p_data => p_data);
  if v_blobs is null then
    return false;
  end if;
  insert into work.checkpoints as c (
    thread_key, checkpoint_ns, checkpoint_id, parent_checkpoint_id, checkpoint, channel_values, metadata
  )
  values (
    v_thread, p_checkpoint_ns, p_checkpoint_id, p_parent_checkpoint_id, p_checkpoint,
    work.resolve_checkpoint_values(p_values => p_channel_values, p_blob_ids => v_blobs, p_same => v_same), p_metadata
  )
  on conflict (thread_key, checkpoint_ns, checkpoint_id) do update
  set
    parent_checkpoint_id = excluded.parent_checkpoint_id, checkpoint = excluded.checkpoint,
    channel_values = excluded.channel_values, metadata = excluded.metadata;
  return true;
end
$_$;

ALTER FUNCTION work.put_checkpoint(p_thread_id text, p_checkpoint_ns text, p_checkpoint_id text, p_parent_checkpoint_id text, p_checkpoint jsonb, p_metadata jsonb, p_channel_values jsonb, p_blobs jsonb, p_data bytea) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.put_checkpoint(p_thread_id text, p_checkpoint_ns text, p_checkpoint_id text, p_parent_checkpoint_id text, p_checkpoint jsonb, p_metadata jsonb, p_channel_values jsonb, p_blobs jsonb, p_data bytea) IS 'Stores a checkpoint with the values of its channels; false: call again with all of it. Errors: PT400, PT409 hash_mismatch';

CREATE FUNCTION work.put_checkpoint_writes(p_thread_id text, p_checkpoint_ns text, p_checkpoint_id text, p_task_id text, p_task_path text, p_writes jsonb, p_values jsonb, p_blobs jsonb, p_data bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_thread bigint := work.lock_checkpoint_thread(p_thread_id => p_thread_id);
  v_blobs bigint[];
  v_values jsonb;
  v_first jsonb;
  v_last jsonb;
  v_is_odd boolean;
begin
  perform work.check_checkpoint_key(p_checkpoint_ns => p_checkpoint_ns, p_checkpoint_id => p_checkpoint_id);
  if num_nulls(p_task_id, p_task_path) > 0 or octet_length(p_task_id) > 500 or octet_length(p_task_path) > 2000 then
    raise exception using
      errcode = 'PT400', message = 'the task is missing or too long', constraint = 'invalid_task',
      detail = format('id of %s bytes, path of %s', octet_length(p_task_id), octet_length(p_task_path)),
      hint = 'give an id of at most 500 bytes and a path of at most 2000';
  end if;
  v_blobs := work.store_checkpoint_blobs(p_thread_key => v_thread, p_blobs => p_blobs, p_data => p_data);
  if v_blobs is null then
    return false;
  end if;
  v_values := work.resolve_checkpoint_values(p_values => p_values, p_blob_ids => v_blobs);
  select
    coalesce(jsonb_object_agg(w.nth, jsonb_build_array(w.channel, v_values -> w.nth)) filter (where w.nth not like '-%'), '{}'),
    coalesce(jsonb_object_agg(w.nth, jsonb_build_array(w.channel, v_values -> w.nth)) filter (where w.nth like '-%'), '{}'),
    bool_or(w.nth !~ '^(0|-?[1-9][0-9]{0,5})$' or jsonb_typeof(w.channel) <> 'string' or not v_values ? w.nth)
  into v_first, v_last, v_is_odd
  from jsonb_each(case when jsonb_typeof(p_writes) = 'object' then p_writes end) as w (nth, channel);
  if v_is_odd or jsonb_typeof(p_writes) is distinct from 'object' then
    raise exception using
      errcode = 'PT400', message = 'the writes are not of the form that is expected', constraint = 'invalid_writes',
      detail = coalesce(jsonb_typeof(p_writes), 'null'), hint = 'give an object of channels by number, with a value each';
  end if;
  insert into work.checkpoint_writes as w (thread_key, checkpoint_ns, checkpoint_id, task_id, task_path, writes)
  values (v_thread, p_checkpoint_ns, p_checkpoint_id, p_task_id, p_task_path, v_first || v_last)
  on conflict (thread_key, checkpoint_ns, checkpoint_id, task_id) do update
  set writes = v_first || w.writes || v_last
  where w.writes is distinct from v_first || w.writes || v_last;
  return true;
end
$_$;

ALTER FUNCTION work.put_checkpoint_writes(p_thread_id text, p_checkpoint_ns text, p_checkpoint_id text, p_task_id text, p_task_path text, p_writes jsonb, p_values jsonb, p_blobs jsonb, p_data bytea) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.put_checkpoint_writes(p_thread_id text, p_checkpoint_ns text, p_checkpoint_id text, p_task_id text, p_task_path text, p_writes jsonb, p_values jsonb, p_blobs jsonb, p_data bytea) IS 'Stores what a task wrote after a checkpoint; false: call again with all of it. Errors: PT400, PT409 hash_mismatch';

CREATE FUNCTION work.read_checkpoint_blobs(p_blobs bigint[], OUT blobs jsonb, OUT data bytea) RETURNS record
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
select
    coalesce(jsonb_agg(jsonb_build_array(b.blob_id, b.serde_type, octet_length(b.data)) order by b.blob_id), '[]'),
    coalesce(string_agg(b.data, '' order by b.blob_id), '')
  from work.checkpoint_blobs as b
  where b.blob_id = any(p_blobs)
$$;

ALTER FUNCTION work.read_checkpoint_blobs(p_blobs bigint[], OUT blobs jsonb, OUT data bytea) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.read_checkpoint_blobs(p_blobs bigint[], OUT blobs jsonb, OUT data bytea) IS 'Blobs, one after the other';

CREATE FUNCTION work.record_attempts(p_run work.workflow_executions, p_attempts jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_problem text;
begin
  with attempts as (
    select
      a.step_name, a.outcome, a.error, a.started_at, a.ended_at, count(*) over same_step as tries,
      row_number() over (same_step order by (a.outcome = 'completed') desc, a.ended_at desc) as place
    from jsonb_to_recordset(p_attempts) as a (
      step_name text, outcome text, error text, started_at timestamptz, ended_at timestamptz
    )
    window same_step as (partition by a.step_name)
  ), recorded as (
    insert into work.step_executions as s (
      run_id, step_name, status, attempt, tries, error, duration_ms, started_at, completed_at
    )
    select
      p_run.run_id, a.step_name, a.outcome, p_run.attempt, a.tries, left(a.error, 10000),
      round(extract(epoch from a.ended_at - a.started_at) * 1000), a.started_at,
      case when a.outcome = 'completed' then a.ended_at end
    from attempts as a
    where a.place = 1
    order by a.step_name
    on conflict (run_id, step_name) do update
    set
      status = excluded.status, attempt = excluded.attempt, error = excluded.error, duration_ms = excluded.duration_ms,
      started_at = excluded.started_at, completed_at = excluded.completed_at,
      tries = s.tries + excluded.tries - (s.status in ('running', 'waiting'))::integer  -- which goes on in the next one
    where s.status <> 'completed'
    returning s.status
  )
  update work.workflow_executions as e
  set
    current_step = (select a.step_name from attempts as a order by a.ended_at desc, a.step_name limit 1),
    completed_steps = e.completed_steps + (select count(*) from recorded as r where r.status = 'completed'),
    error_count = e.error_count + (select count(*) from attempts as a where a.outcome = 'failed'),
    updated_at = clock_timestamp()
  where e.run_id = p_run.run_id and e.status = 'running';
exception
  when not_null_violation or check_violation then
    get stacked diagnostics v_problem = message_text;
    raise exception using
      errcode = 'PT400', message = 'the spans cannot be stored', constraint = 'invalid_spans', detail = v_problem,
      hint = 'an attempt has a step_name of 1 to 500 bytes, and the outcome completed, failed or waiting';
end
$$;

ALTER FUNCTION work.record_attempts(p_run work.workflow_executions, p_attempts jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.record_attempts(p_run work.workflow_executions, p_attempts jsonb) IS 'Records attempts of the steps of a run that something else drives. Errors: PT400 invalid_spans';

CREATE FUNCTION work.record_decision(p_title text, p_decision text, p_item_id text DEFAULT NULL::text, p_project_id text DEFAULT NULL::text, p_rationale text DEFAULT NULL::text, p_alternatives jsonb DEFAULT NULL::jsonb, p_supersedes_id text DEFAULT NULL::text, p_actor text DEFAULT NULL::text, p_run_id text DEFAULT NULL::text, p_decision_id text DEFAULT NULL::text) RETURNS work.decision_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_id text := coalesce(p_decision_id, core.new_ulid());
  v_decision work.decision_info;
  v_successor text;
begin
  perform work.check_decision(
    p_title => p_title, p_decision => p_decision, p_rationale => p_rationale, p_alternatives => p_alternatives,
    p_decision_id => p_decision_id
  );
  perform work.check_context(p_actor => p_actor, p_run_id => p_run_id);
  perform work.check_references(p_project_id => p_project_id, p_item_id => p_item_id);
  if p_supersedes_id is not null and not exists (
    select from work.decisions as d where d.decision_id = p_supersedes_id and d.decision_id <> v_id
  ) then
    raise exception using
      errcode = 'PT404', message = 'there is no such decision', constraint = 'no_decision',
      detail = left(p_supersedes_id, 64), hint = 'work.list_decisions shows those that exist';
  end if;
  insert into work.decisions (
    decision_id, project_id, item_id, title, decision, rationale, alternatives, supersedes_id, decided_by, run_id
  )
  values (
    v_id, p_project_id, p_item_id, p_title, p_decision, p_rationale, p_alternatives, p_supersedes_id,
    coalesce(p_actor, session_user), p_run_id
  )
  on conflict do nothing;
  -- A statement of its own sees the row that a session committed while the one above waited for it.
  select r.* into v_decision from work.decision_rows(p_decision_ids => array[v_id]) as r;
  if not found then
    select d.decision_id::text into v_successor from work.decisions as d where d.supersedes_id = p_supersedes_id;
    raise exception using
      errcode = 'PT409', message = 'the decision is superseded already', constraint = 'already_superseded',
      detail = format('decision %s, superseded by %s', p_supersedes_id, v_successor),
      hint = format('read %s, and supersede that one where it is wrong', v_successor);
  elsif (v_decision.title, v_decision.decision, v_decision.item_id, v_decision.project_id, v_decision.supersedes_id)
    is distinct from (p_title, p_decision, p_item_id, p_project_id, p_supersedes_id)
  then
    raise exception using
      errcode = 'PT409', message = 'there is another decision with this id', constraint = 'decision_exists',
      detail = v_id, hint = 'take another id, or none';
  end if;
  return v_decision;
end
$$;

ALTER FUNCTION work.record_decision(p_title text, p_decision text, p_item_id text, p_project_id text, p_rationale text, p_alternatives jsonb, p_supersedes_id text, p_actor text, p_run_id text, p_decision_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.record_decision(p_title text, p_decision text, p_item_id text, p_project_id text, p_rationale text, p_alternatives jsonb, p_supersedes_id text, p_actor text, p_run_id text, p_decision_id text) IS 'Records a decision, for good, which may supersede another; safe to repeat with an id. Errors: PT400, PT404, PT409 already_superseded, decision_exists, PT413 decision_limit';

CREATE FUNCTION work.record_execution(p_run_id text, p_worker text, p_workflow_id text DEFAULT NULL::text, p_started_at timestamp with time zone DEFAULT NULL::timestamp with time zone, p_inputs jsonb DEFAULT NULL::jsonb, p_project_id text DEFAULT NULL::text, p_metadata jsonb DEFAULT NULL::jsonb, p_spans jsonb DEFAULT NULL::jsonb, p_status text DEFAULT NULL::text, p_status_at timestamp with time zone DEFAULT NULL::timestamp with time zone, p_outputs jsonb DEFAULT NULL::jsonb, p_error text DEFAULT NULL::text, p_reason text DEFAULT NULL::text, p_alive_seconds integer DEFAULT 600) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_now timestamptz := clock_timestamp();
  v_oldest timestamptz := v_now - interval '23 hours';  -- an event is refused whose time is a day from that of its id
  v_started_at timestamptz := case when p_started_at between v_oldest and v_now then p_started_at else v_now end;
  v_status_at timestamptz := case when p_status_at between v_oldest and v_now then p_status_at else v_now end;
  v_run work.workflow_executions;
  v_attempts jsonb;
begin
  perform work.check_driver(p_worker => p_worker, p_status => p_status, p_alive_seconds => p_alive_seconds);
  perform work.check_document(p_what => 'outputs', p_value => p_outputs);
  if p_workflow_id is not null then
    perform work.check_run_text(p_what => 'run_id', p_value => p_run_id, p_bytes => 500);
    perform work.check_run_text(p_what => 'workflow_id', p_value => p_workflow_id, p_bytes => 200);
    perform work.check_run_facts(p_project_id => p_project_id, p_metadata => p_metadata, p_tags => null, p_times => null);
    perform work.check_document(p_what => 'inputs', p_value => p_inputs);
    insert into work.workflow_executions as e (
      run_id, workflow_id, status, status_at, created_at, inputs, actor, worker, attempt, deadline, project_id, metadata
    )
    values (
      p_run_id, p_workflow_id, 'running', v_started_at, v_started_at, coalesce(p_inputs, '{}'), p_worker, p_worker, 1,
      v_now + make_interval(secs => p_alive_seconds), p_project_id, p_metadata
    )
    on conflict do nothing;
  end if;
  v_run := work.lock_driven(
    p_run_id => p_run_id, p_worker => p_worker, p_started_at => case when p_workflow_id is not null then v_started_at end,
    p_alive_seconds => p_alive_seconds
  );
  if p_spans is not null then
    select jsonb_agg(s.span) into v_attempts
    from jsonb_path_query(p_spans, 'lax $[*] ? (exists (@.outcome))') as s (span)
    where not exists (select from work.execution_traces as t where t.run_id = p_run_id and t.span_id = s.span ->> 'span_id');
    perform work.record_traces(p_run_id => p_run_id, p_spans => p_spans);
  end if;
  if coalesce(v_run.worker, v_run.actor) is distinct from p_worker or v_run.lease_seconds is not null then
    return false;
  end if;
  if v_attempts is not null then
    perform work.record_attempts(p_run => v_run, p_attempts => v_attempts);
  end if;
  if v_run.status = 'running' and p_status is not null then
    update work.workflow_executions as e
    set
      status = p_status, status_at = v_status_at, actor = p_worker, worker = case when p_status <> 'waiting' then p_worker end,
      reason = left(p_reason, 1000), error = left(p_error, 10000),
      error_count = e.error_count + (p_status = 'failed')::integer,
      outputs = case when p_status = 'completed' then p_outputs end, deadline = null, updated_at = clock_timestamp()
    where e.run_id = p_run_id;
  end if;
  return v_run.status in ('running', 'waiting') or v_run.actor = p_worker;
end
$_$;

ALTER FUNCTION work.record_execution(p_run_id text, p_worker text, p_workflow_id text, p_started_at timestamp with time zone, p_inputs jsonb, p_project_id text, p_metadata jsonb, p_spans jsonb, p_status text, p_status_at timestamp with time zone, p_outputs jsonb, p_error text, p_reason text, p_alive_seconds integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.record_execution(p_run_id text, p_worker text, p_workflow_id text, p_started_at timestamp with time zone, p_inputs jsonb, p_project_id text, p_metadata jsonb, p_spans jsonb, p_status text, p_status_at timestamp with time zone, p_outputs jsonb, p_error text, p_reason text, p_alive_seconds integer) IS 'Records what a run does that something else drives, such as a graph. Errors: PT400, PT404 no_run, PT413 value_limit';

CREATE FUNCTION work.record_step(p_run work.workflow_executions, p_step_name text, p_status text, p_output jsonb DEFAULT NULL::jsonb, p_error text DEFAULT NULL::text, p_duration_ms bigint DEFAULT NULL::bigint, p_wakes_at timestamp with time zone DEFAULT NULL::timestamp with time zone, p_state_data jsonb DEFAULT NULL::jsonb) RETURNS work.step_info
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_now timestamptz := clock_timestamp();
  v_lease interval := make_interval(secs => p_run.lease_seconds);
  v_step work.step_info;
begin
  perform work.check_run_text(p_what => 'step_name', p_value => p_step_name, p_bytes => 500);
  perform work.check_document(p_what => 'output', p_value => p_output);
  perform work.check_document(p_what => 'state_data', p_value => p_state_data);
  if p_duration_ms not between 0 and 9007199254740992 then
    raise exception using
      errcode = 'PT400', message = 'a duration is out of range', constraint = 'invalid_duration',
      detail = p_duration_ms::text, hint = 'send milliseconds, from 0 to 2^53';
  end if;
  insert into work.step_executions as s (
    run_id, step_name, status, attempt, output, error, duration_ms, wakes_at, started_at, completed_at
  )
  values (
    p_run.run_id, p_step_name, p_status, p_run.attempt, p_output, left(p_error, 10000), p_duration_ms, p_wakes_at,
    greatest(v_now - coalesce(p_duration_ms, 0) * interval '1 ms', p_run.created_at),
    case when p_status = 'completed' then v_now end
  )
  on conflict (run_id, step_name) do update
  set
    status = excluded.status, attempt = excluded.attempt, output = excluded.output, error = excluded.error,
    duration_ms = excluded.duration_ms, wakes_at = excluded.wakes_at, completed_at = excluded.completed_at,
    -- What was begun or waited is the same try; what had failed, or was begun again, is the next one.
    tries = s.tries + (s.status = 'failed' or excluded.status = 'running')::integer,
    started_at = case
      when s.status = 'failed' or excluded.status = 'running' then excluded.started_at else s.started_at
    end
  where s.status <> 'completed'
  returning
    s.run_id, s.step_name, s.status, s.attempt, s.tries, s.output, s.error, s.duration_ms, s.wakes_at, s.started_at,
    s.completed_at
  into v_step;
  if not found then
    return work.step_of(p_run_id => p_run.run_id, p_step_name => p_step_name);
  end if;
  update work.workflow_executions as e
  set
    current_step = p_step_name,
    completed_steps = e.completed_steps + (p_status = 'completed')::integer,
    error_count = e.error_count + (p_status = 'failed')::integer,
    state_data = coalesce(p_state_data, e.state_data),
    -- An indexed column: renewed when half of the lease is gone, so that most steps change no index.
    due_at = case when e.due_at < v_now + v_lease / 2 then v_now + v_lease else e.due_at end,
    updated_at = v_now
  where e.run_id = p_run.run_id;
  return v_step;
end
$$;

ALTER FUNCTION work.record_step(p_run work.workflow_executions, p_step_name text, p_status text, p_output jsonb, p_error text, p_duration_ms bigint, p_wakes_at timestamp with time zone, p_state_data jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.record_step(p_run work.workflow_executions, p_step_name text, p_status text, p_output jsonb, p_error text, p_duration_ms bigint, p_wakes_at timestamp with time zone, p_state_data jsonb) IS 'Records what became of a step of a run that the caller has locked';

CREATE FUNCTION work.record_traces(p_run_id text, p_spans jsonb) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_problem text;
  v_stored integer;
begin
  perform work.get_execution(p_run_id => p_run_id);
  perform work.check_document(p_what => 'spans', p_value => p_spans);
  if jsonb_typeof(p_spans) is distinct from 'array' or jsonb_array_length(p_spans) > 1000
    or jsonb_path_exists(p_spans, 'strict $[*] ? (@.type() != "object")', silent => true) then
    v_problem := 'spans is not an array of at most 1000 objects';
  else
    insert into work.execution_traces (
      run_id, span_id, parent_span_id, name, kind, step_name, status, error, input_ref, output_ref, model, input_tokens,
      cached_input_tokens, output_tokens, cost_usd, metadata, started_at, ended_at
    )
    select
      p_run_id, s.span_id, s.parent_span_id, s.name, s.kind, s.step_name, coalesce(s.status, 'ok'), left(s.error, 10000),
      s.input_ref, s.output_ref, s.model, s.input_tokens, s.cached_input_tokens, s.output_tokens, s.cost_usd, s.metadata,
      s.started_at, s.ended_at
    from jsonb_to_recordset(p_spans) as s (
      span_id text, parent_span_id text, name text, kind text, step_name text, status text, error text, input_ref text,
      output_ref text, model text, input_tokens bigint, cached_input_tokens bigint, output_tokens bigint, cost_usd numeric,
      metadata jsonb, started_at timestamptz, ended_at timestamptz
    )
    order by s.span_id
    on conflict do nothing;
    get diagnostics v_stored = row_count;
    return v_stored;
  end if;
  raise exception using
    errcode = 'PT400', message = 'the spans cannot be stored', constraint = 'invalid_spans', detail = v_problem,
    hint = 'send an array of objects with span_id, name, kind, started_at and ended_at';
exception
  when not_null_violation or check_violation then
    get stacked diagnostics v_problem = message_text;
    raise exception using
      errcode = 'PT400', message = 'the spans cannot be stored', constraint = 'invalid_spans', detail = v_problem,
      hint = 'send an array of objects with span_id, name, kind, started_at and ended_at';
end
$_$;

ALTER FUNCTION work.record_traces(p_run_id text, p_spans jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.record_traces(p_run_id text, p_spans jsonb) IS 'Stores spans of a run, each once. Errors: PT400 invalid_spans, PT404 no_run, PT413 value_limit';

CREATE FUNCTION work.record_upload_cleanup(p_upload_id text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_upload work.artifact_uploads := work.lock_upload(p_upload_id => p_upload_id, p_missing_ok => true);
begin
  if v_upload.upload_id is null then
    return false;
  end if;
  if v_upload.state in ('open', 'committed') then
    raise exception using
      errcode = 'PT409', message = 'the upload is in use', constraint = 'upload_in_use',
      detail = format('upload %s, state %s', p_upload_id, v_upload.state),
      hint = 'clean only what work.expired_uploads returns';
  end if;
  if v_upload.expires_at + (select s.upload_grace from core.settings as s) > clock_timestamp() then
    update work.artifact_uploads as u set cleaned_at = clock_timestamp() where u.upload_id = p_upload_id;
    return true;
  end if;
  delete from work.artifact_uploads as u where u.upload_id = p_upload_id;
  return true;
end
$$;

ALTER FUNCTION work.record_upload_cleanup(p_upload_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.record_upload_cleanup(p_upload_id text) IS 'Records that leftovers of an attempt were deleted; after the grace period removes it. Errors: PT409 upload_in_use';

CREATE FUNCTION work.referenced_blob_ids(p_values jsonb) RETURNS SETOF bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
select v.id::text::bigint from jsonb_path_query(p_values, '$.*[*] ? (@.type() == "number")') as v (id)
$_$;

ALTER FUNCTION work.referenced_blob_ids(p_values jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.referenced_blob_ids(p_values jsonb) IS 'Blobs that an object of references refers to, each as often as it does';

CREATE FUNCTION work.referenced_write_blob_ids(p_writes jsonb) RETURNS SETOF bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
select v.id::text::bigint from jsonb_path_query(p_writes, '$.*[1][*] ? (@.type() == "number")') as v (id)
$_$;

ALTER FUNCTION work.referenced_write_blob_ids(p_writes jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.referenced_write_blob_ids(p_writes jsonb) IS 'Blobs that the writes of a task refer to, each as often as they do';

CREATE FUNCTION work.refuse_lease(p_execution_id text, p_lease uuid) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_reason text := work.lease_problem(p_execution_id => p_execution_id, p_lease => p_lease);
begin
  if v_reason = 'no_task' then
    raise exception using
      errcode = 'PT404', message = 'there is no such task', constraint = 'no_task',
      detail = coalesce(left(p_execution_id, 64), 'null'), hint = 'work.list_tasks shows those that exist';
  elsif v_reason = 'lease_expired' then
    raise exception using
      errcode = 'PT409', message = 'the lease of the task has expired', constraint = 'lease_expired',
      detail = format('task %s', p_execution_id), hint = 'the task runs again; call work.heartbeat in time';
  else
    raise exception using
      errcode = 'PT409', message = 'the lease of the task was lost', constraint = 'lease_lost',
      detail = format('task %s', p_execution_id), hint = 'another worker has the task, or it is finished: drop what was done';
  end if;
end
$$;

ALTER FUNCTION work.refuse_lease(p_execution_id text, p_lease uuid) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.refuse_lease(p_execution_id text, p_lease uuid) IS 'Says why a lease does not hold. Errors: PT404 no_task, PT409 lease_lost, lease_expired';

CREATE FUNCTION work.refuse_missing(p_artifact_id text, p_version integer) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_latest integer;
begin
  perform work.check_artifact_fields(
    p_artifact_id => coalesce(p_artifact_id, ''), p_type => null, p_mime_type => null, p_preview_text => null,
    p_extracted_fields => null, p_tags => null, p_owner_item_id => null, p_owner_run_id => null, p_project_id => null
  );
  select a.latest_version into v_latest from work.artifacts as a
  where a.artifact_id = p_artifact_id and a.latest_version > 0;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'there is no such artifact', constraint = 'no_artifact', detail = p_artifact_id,
      hint = 'work.create_artifact makes one; work.list_artifacts shows those that exist';
  end if;
  raise exception using
    errcode = 'PT404', message = 'the artifact has no such version', constraint = 'no_version',
    detail = format('artifact %s, version %s, latest %s', p_artifact_id, p_version, v_latest),
    hint = 'leave the version out for the latest; work.list_versions shows those that exist';
end
$$;

ALTER FUNCTION work.refuse_missing(p_artifact_id text, p_version integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.refuse_missing(p_artifact_id text, p_version integer) IS 'Raises the error of an artifact or version that was not found';

CREATE FUNCTION work.refuse_missing_item(p_item_id text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  raise exception using
    errcode = 'PT404', message = 'there is no such item', constraint = 'no_item',
    detail = coalesce(left(p_item_id, 200), 'null'), hint = 'work.list_items shows those that exist';
end
$$;

ALTER FUNCTION work.refuse_missing_item(p_item_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.refuse_missing_item(p_item_id text) IS 'Raises the error of an item that was not found';

CREATE FUNCTION work.refuse_no_workflow(p_workflow_id text, p_version text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  raise exception using
    errcode = 'PT404', message = 'there is no such workflow or version', constraint = 'no_workflow',
    detail = format('workflow %s, version %s', coalesce(left(p_workflow_id, 200), 'null'), coalesce(left(p_version, 64), 'null')),
    hint = 'work.list_workflows shows them; ranges and latest find active versions only';
end
$$;

ALTER FUNCTION work.refuse_no_workflow(p_workflow_id text, p_version text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.refuse_no_workflow(p_workflow_id text, p_version text) IS 'Raises the error of a workflow or version that was not found';

CREATE FUNCTION work.refuse_run(p_run_id text, p_status text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_status is null then
    raise exception using
      errcode = 'PT404', message = 'there is no such run', constraint = 'no_run', detail = coalesce(left(p_run_id, 500), 'null'),
      hint = 'work.start_execution starts one; work.list_executions shows them';
  end if;
  if p_status in ('completed', 'failed', 'cancelled') then
    raise exception using
      errcode = 'PT409', message = 'the run has ended', constraint = 'run_ended',
      detail = format('run %s is %s', p_run_id, p_status),
      hint = 'stop working on it; work.retry_execution takes a failed run up again';
  end if;
  raise exception using
    errcode = 'PT409', message = 'the run is not running', constraint = 'run_not_running',
    detail = format('run %s is %s', p_run_id, p_status), hint = 'claim it with work.claim_execution first';
end
$$;

ALTER FUNCTION work.refuse_run(p_run_id text, p_status text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.refuse_run(p_run_id text, p_status text) IS 'Raises the error of a run that is not there or does not take the call';

CREATE FUNCTION work.register_workflow(p_workflow_id text, p_version text, p_steps jsonb DEFAULT '[]'::jsonb, p_name text DEFAULT NULL::text, p_description text DEFAULT NULL::text, p_status text DEFAULT 'active'::text, p_project_id text DEFAULT NULL::text, p_metadata jsonb DEFAULT NULL::jsonb, p_tags jsonb DEFAULT NULL::jsonb) RETURNS work.workflow_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_version integer[] := (work.version_bounds(p_selector => p_version)).p_from;
  v_now timestamptz := clock_timestamp();
  v_row work.workflows;
begin
  perform work.check_run_text(p_what => 'workflow_id', p_value => p_workflow_id, p_bytes => 200);
  perform work.check_run_text(p_what => 'name', p_value => coalesce(p_name, 'none'), p_bytes => 500);
  perform work.check_run_text(p_what => 'description', p_value => coalesce(p_description, 'none'), p_bytes => 10000);
  perform work.check_run_facts(p_project_id => p_project_id, p_metadata => p_metadata, p_tags => p_tags, p_times => null);
  if p_version !~ '^\d' then
    raise exception using
      errcode = 'PT400', message = 'this is not one version', constraint = 'invalid_version', detail = left(p_version, 64),
      hint = 'register a version such as 1.2.0';
  end if;
  perform work.check_workflow_status(p_status => p_status);
  perform work.check_steps(p_steps => p_steps);
  insert into work.workflows as w (
    workflow_id, version_major, version_minor, version_patch, name, description, status, steps, project_id, metadata, tags
  )
  values (
    p_workflow_id, v_version[1], v_version[2], v_version[3], p_name, p_description, p_status, p_steps, p_project_id,
    p_metadata, p_tags
  )
  on conflict do nothing
  returning w.* into v_row;
  if found then
    return work.workflow_of(v_row, true);
  end if;
  select w.* into v_row from work.workflows as w
  where w.workflow_id = p_workflow_id
    and (w.version_major, w.version_minor, w.version_patch) = (v_version[1], v_version[2], v_version[3])
  for no key update;
  if v_row.used_at is not null and v_row.steps <> p_steps then
    raise exception using
      errcode = 'PT409', message = 'runs have used another definition of this version', constraint = 'workflow_in_use',
      detail = format('workflow %s, version %s', p_workflow_id, v_row.version), hint = 'register a new version';
  end if;
  if (v_row.steps, v_row.name, v_row.description, v_row.project_id, v_row.metadata, v_row.tags)
    is distinct from (p_steps, p_name, p_description, p_project_id, p_metadata, p_tags) then
    update work.workflows as w
    set steps = p_steps, name = p_name, description = p_description, project_id = p_project_id, metadata = p_metadata,
      tags = p_tags, updated_at = v_now
    where w.workflow_id = p_workflow_id and w.version = v_row.version
    returning w.* into v_row;
  end if;
  return work.workflow_of(v_row, false);
end
$$;

ALTER FUNCTION work.register_workflow(p_workflow_id text, p_version text, p_steps jsonb, p_name text, p_description text, p_status text, p_project_id text, p_metadata jsonb, p_tags jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.register_workflow(p_workflow_id text, p_version text, p_steps jsonb, p_name text, p_description text, p_status text, p_project_id text, p_metadata jsonb, p_tags jsonb) IS 'Registers a version of a workflow; safe to repeat. Errors: PT400, PT409 workflow_in_use, PT413 value_limit, PT422';

CREATE FUNCTION work.release_checkpoint_blobs(p_threads bigint[]) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_blobs bigint[];
begin
  with live as (
    select c.thread_key, r.blob_id
    from work.checkpoints as c, work.referenced_blob_ids(c.channel_values) as r (blob_id)
    where c.thread_key = any(p_threads)
    union
    select w.thread_key, r.blob_id
    from work.checkpoint_writes as w, work.referenced_write_blob_ids(w.writes) as r (blob_id)
    where w.thread_key = any(p_threads)
  ),
  released as (
    delete from work.checkpoint_blob_uses as u
    where u.thread_key = any(p_threads) and not exists (
      select from live as l where l.thread_key = u.thread_key and l.blob_id = u.blob_id
    )
    returning u.blob_id
  )
  select array_agg(distinct r.blob_id) into v_blobs from released as r;
  return work.remove_blobs_without_use(p_blobs => v_blobs);
end
$$;

ALTER FUNCTION work.release_checkpoint_blobs(p_threads bigint[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.release_checkpoint_blobs(p_threads bigint[]) IS 'Forgets which blobs threads no longer use, and removes those that no thread uses';

CREATE FUNCTION work.remove_blobs_without_use(p_blobs bigint[]) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_locked bigint[];
  v_removed bigint;
begin
  select array_agg(l.blob_id) into v_locked
  from (
    select b.blob_id from work.checkpoint_blobs as b
    where b.blob_id = any(p_blobs)
      and not exists (select from work.checkpoint_blob_uses as u where u.blob_id = b.blob_id)
    order by b.content_hash, b.serde_type
    for update skip locked
  ) as l;
  delete from work.checkpoint_blobs as b
  where b.blob_id = any(v_locked)
    and not exists (select from work.checkpoint_blob_uses as u where u.blob_id = b.blob_id);
  get diagnostics v_removed = row_count;
  return v_removed;
end
$$;

ALTER FUNCTION work.remove_blobs_without_use(p_blobs bigint[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.remove_blobs_without_use(p_blobs bigint[]) IS 'Removes those of some blobs that no thread uses, but for rows that somebody else has locked';

CREATE FUNCTION work.remove_checkpoints(p_threads bigint[], p_keys jsonb, OUT checkpoints bigint, OUT blobs bigint) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  with doomed as (
    select (k.key ->> 0)::bigint as thread_key, k.key ->> 1 as checkpoint_ns, k.key ->> 2 as checkpoint_id
    from jsonb_array_elements(p_keys) as k (key)
  ),
  written as (
    delete from work.checkpoint_writes as w using doomed as d
    where (w.thread_key, w.checkpoint_ns, w.checkpoint_id) = (d.thread_key, d.checkpoint_ns, d.checkpoint_id)
  ),
  removed as (
    delete from work.checkpoints as c using doomed as d
    where (c.thread_key, c.checkpoint_ns, c.checkpoint_id) = (d.thread_key, d.checkpoint_ns, d.checkpoint_id)
    returning c.thread_key
  )
  select count(*) into checkpoints from removed as r;
  -- A child of what is gone has no parent to go back to.
  update work.checkpoints as c
  set parent_checkpoint_id = null
  where c.thread_key = any(p_threads) and c.parent_checkpoint_id is not null and not exists (
    select from work.checkpoints as p
    where p.thread_key = c.thread_key and p.checkpoint_ns = c.checkpoint_ns and p.checkpoint_id = c.parent_checkpoint_id
  );
  blobs := work.release_checkpoint_blobs(p_threads => p_threads);
end
$$;

ALTER FUNCTION work.remove_checkpoints(p_threads bigint[], p_keys jsonb, OUT checkpoints bigint, OUT blobs bigint) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.remove_checkpoints(p_threads bigint[], p_keys jsonb, OUT checkpoints bigint, OUT blobs bigint) IS 'Removes checkpoints of threads, the writes after them, and what no thread uses any more';

CREATE FUNCTION work.remove_dependency(p_item_id text, p_depends_on_item_id text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  delete from work.item_dependencies as d where d.item_id = p_item_id and d.depends_on_item_id = p_depends_on_item_id;
  return found;
end
$$;

ALTER FUNCTION work.remove_dependency(p_item_id text, p_depends_on_item_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.remove_dependency(p_item_id text, p_depends_on_item_id text) IS 'Says that an item no longer waits for another; safe to repeat';

CREATE FUNCTION work.remove_expired_cached(p_limit integer DEFAULT 10000) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_removed bigint;
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 100000);
  delete from work.graph_cache as c
  using (
    select g.namespace, g.key from work.graph_cache as g
    where g.expires_at <= clock_timestamp()
    limit p_limit
    for update skip locked
  ) as e
  where (c.namespace, c.key) = (e.namespace, e.key);
  get diagnostics v_removed = row_count;
  return v_removed;
end
$$;

ALTER FUNCTION work.remove_expired_cached(p_limit integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.remove_expired_cached(p_limit integer) IS 'Removes results from the cache of graphs that have expired. Errors: PT400 invalid_limit';

CREATE FUNCTION work.remove_schedule(p_schedule text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  delete from work.task_schedules as s where s.schedule = p_schedule;
  return found;
end
$$;

ALTER FUNCTION work.remove_schedule(p_schedule text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.remove_schedule(p_schedule text) IS 'Removes a schedule; true when there was one';

CREATE FUNCTION work.remove_unused_checkpoint_blobs(p_limit integer DEFAULT 10000) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 100000);
  return work.remove_blobs_without_use(p_blobs => array(
    select b.blob_id from work.checkpoint_blobs as b
    where not exists (select from work.checkpoint_blob_uses as u where u.blob_id = b.blob_id)
    limit p_limit
  ));
end
$$;

ALTER FUNCTION work.remove_unused_checkpoint_blobs(p_limit integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.remove_unused_checkpoint_blobs(p_limit integer) IS 'Removes blobs that no thread uses. Errors: PT400 invalid_limit';

CREATE FUNCTION work.requeue_dead(p_execution_ids text[] DEFAULT NULL::text[], p_queue text DEFAULT NULL::text, p_limit integer DEFAULT 1000) RETURNS SETOF text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_changes work.task_change[];
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 10000);
  with dead as (
    select f.execution_id from work.task_executions as f
    where f.status = 'failed'
      and (p_execution_ids is null or f.execution_id = any(p_execution_ids))
      and (p_queue is null or f.queue = p_queue)
    order by f.execution_id
    limit p_limit
    for no key update skip locked
  ),
  queued as (
    update work.task_executions as t
    set
      status = case when t.concurrency_key is null then 'ready' else 'blocked' end::work.task_status,
      position = nextval('work.task_positions'),
      retry_count = 0,
      lease = null,
      finished_at = null,
      scheduled_at = clock_timestamp()
    from dead as d
    where t.execution_id = d.execution_id
    returning t.*
  )
  select coalesce(array_agg(row(
    q.execution_id, q.queue, 'failed', q.status, q.run_id, q.workflow_name, q.project_id, q.concurrency_key, null, null,
    null
  )::work.task_change order by q.execution_id), '{}')
  into v_changes
  from queued as q;
  perform work.settle_changes(p_changes => v_changes);
  return query select c.execution_id from unnest(v_changes) as c;
end
$$;

ALTER FUNCTION work.requeue_dead(p_execution_ids text[], p_queue text, p_limit integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.requeue_dead(p_execution_ids text[], p_queue text, p_limit integer) IS 'Queues dead letters again, with all their retries before them. Errors: PT400 invalid_limit';

CREATE FUNCTION work.resolve_checkpoint_values(p_values jsonb, p_blob_ids bigint[], p_same jsonb DEFAULT '{}'::jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_values jsonb;
begin
  if jsonb_typeof(p_values) is distinct from 'object' then
    raise exception using
      errcode = 'PT400', message = 'values are not an object', constraint = 'invalid_reference',
      detail = coalesce(jsonb_typeof(p_values), 'null'), hint = 'give an object of references';
  end if;
  select
    coalesce(
      jsonb_object_agg(
        e.key,
        case jsonb_typeof(e.value)
          when 'null' then p_same -> e.key
          when 'string' then e.value
          when 'number' then case when e.value between '0' and '999999' then to_jsonb(p_blob_ids[e.value::integer + 1]) end
          when 'array' then (
            select coalesce(
              jsonb_agg(
                case jsonb_typeof(s.value)
                  when 'string' then s.value
                  when 'number' then case when s.value between '0' and '999999' then to_jsonb(p_blob_ids[s.value::integer + 1]) end
                end order by s.nth
              ), '[]'
            )
            from jsonb_array_elements(e.value) with ordinality as s (value, nth)
          )
        end
      ), '{}'
    )
  into v_values
  from jsonb_each(p_values) as e (key, value);
  if jsonb_path_exists(v_values, '$.*[*] ? (@ == null)') then
    raise exception using
      errcode = 'PT400', message = 'a value refers to no blob of this call', constraint = 'invalid_reference',
      detail = format('%s blobs', cardinality(p_blob_ids)), hint = 'a number is a place in p_blobs, from 0';
  end if;
  return v_values;
end
$_$;

ALTER FUNCTION work.resolve_checkpoint_values(p_values jsonb, p_blob_ids bigint[], p_same jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.resolve_checkpoint_values(p_values jsonb, p_blob_ids bigint[], p_same jsonb) IS 'Turns the places of blobs, as a caller gives them, into their numbers. Errors: PT400 invalid_reference';

CREATE FUNCTION work.restore_item(p_item_id text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update work.items as i set deleted_at = null where i.item_id = p_item_id and i.deleted_at is not null;
  if found then
    return true;
  end if;
  perform work.check_references(p_project_id => null, p_item_id => coalesce(p_item_id, ''));
  return false;
end
$$;

ALTER FUNCTION work.restore_item(p_item_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.restore_item(p_item_id text) IS 'Brings back an item that was removed; safe to repeat. Errors: PT404 no_item';

CREATE FUNCTION work.retire_checkpoints(p_after bigint DEFAULT 0, p_limit integer DEFAULT 100) RETURNS TABLE(last_thread bigint, checkpoints bigint, blobs bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_keep_last integer;
  v_since timestamptz;
  v_threads bigint[];
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 10000);
  checkpoints := 0;
  blobs := 0;
  select coalesce(s.checkpoint_keep_last, 1), coalesce(now() - make_interval(days => s.checkpoint_keep_days), 'infinity')
  into v_keep_last, v_since
  from core.settings as s
  where num_nonnulls(s.checkpoint_keep_last, s.checkpoint_keep_days) > 0;
  if not found then
    return next;
    return;
  end if;
  v_threads := array(
    select t.thread_key from work.checkpoint_threads as t where t.thread_key > p_after order by t.thread_key limit p_limit
  );
  last_thread := v_threads[cardinality(v_threads)];
  -- Only who has something to lose is locked.
  v_threads := array(
    select distinct (k.key ->> 0)::bigint
    from jsonb_array_elements(
      work.prunable_checkpoints(p_threads => v_threads, p_keep_last => v_keep_last, p_since => v_since)
    ) as k (key)
  );
  if v_threads <> '{}' then
    perform work.lock_checkpoint_threads(p_threads => v_threads);
    select r.checkpoints, r.blobs into checkpoints, blobs
    from work.remove_checkpoints(
      p_threads => v_threads,
      p_keys => work.prunable_checkpoints(p_threads => v_threads, p_keep_last => v_keep_last, p_since => v_since)
    ) as r;
  end if;
  return next;
end
$$;

ALTER FUNCTION work.retire_checkpoints(p_after bigint, p_limit integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.retire_checkpoints(p_after bigint, p_limit integer) IS 'Removes from some threads what the settings do not keep: one step of maintenance. Errors: PT400 invalid_limit';

CREATE FUNCTION work.retry_execution(p_run_id text, p_deadline timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS work.execution_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_now timestamptz := clock_timestamp();
  v_run work.workflow_executions;
begin
  perform work.check_run_facts(p_project_id => null, p_metadata => null, p_tags => null, p_times => array[p_deadline]);
  select e.* into v_run from work.workflow_executions as e where e.run_id = p_run_id for no key update;
  if v_run.status is null or v_run.status in ('completed', 'cancelled') then
    perform work.refuse_run(p_run_id => p_run_id, p_status => v_run.status);
  end if;
  if v_run.status <> 'failed' then
    raise exception using
      errcode = 'PT409', message = 'the run has not failed', constraint = 'run_not_failed',
      detail = format('run %s is %s', p_run_id, v_run.status), hint = 'claim it with work.claim_execution when it is due';
  end if;
  if coalesce(p_deadline, v_run.deadline) <= v_now then
    raise exception using
      errcode = 'PT409', message = 'the deadline of the run has passed', constraint = 'deadline_passed',
      detail = format('run %s: %s', p_run_id, coalesce(p_deadline, v_run.deadline)), hint = 'give a new deadline';
  end if;
  update work.workflow_executions as e
  set
    status = 'pending', reason = null, actor = null, error = null, worker = null, due_at = v_now,
    deadline = coalesce(p_deadline, e.deadline), updated_at = v_now
  where e.run_id = p_run_id
  returning e.* into v_run;
  return work.execution_of(v_run, false);
end
$$;

ALTER FUNCTION work.retry_execution(p_run_id text, p_deadline timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.retry_execution(p_run_id text, p_deadline timestamp with time zone) IS 'Takes a failed run up again, at once due. Errors: PT400 invalid_time, PT404 no_run, PT409 run_ended, run_not_failed, deadline_passed';

CREATE FUNCTION work.runs_kept_from() RETURNS timestamp with time zone
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select now() - make_interval(days => s.run_retention_days) from core.settings as s
$$;

ALTER FUNCTION work.runs_kept_from() OWNER TO pylayer_api;

COMMENT ON FUNCTION work.runs_kept_from() IS 'Time since which every run that ended is still there';

CREATE FUNCTION work.save_project(p_project_id text, p_fields jsonb DEFAULT '{}'::jsonb) RETURNS work.project_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_old work.projects;
  v_new work.projects;
  v_project work.project_info;
begin
  perform work.check_project(p_project_id => p_project_id, p_fields => p_fields);
  insert into work.projects (project_id, name) values (p_project_id, p_project_id) on conflict do nothing;
  select p.* into v_old from work.projects as p
  where p.project_id = p_project_id and p.deleted_at is null
  for no key update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'the project was removed', constraint = 'no_project', detail = p_project_id,
      hint = 'take another id';
  end if;
  v_new := jsonb_populate_record(v_old, p_fields);
  update work.projects as p
  set
    name = v_new.name,
    description = v_new.description,
    repository = v_new.repository,
    default_branch = v_new.default_branch,
    tech_stack = v_new.tech_stack,
    pr_merge_rate = v_new.pr_merge_rate,
    test_coverage = v_new.test_coverage,
    tags = v_new.tags,
    metadata = v_new.metadata,
    updated_at = clock_timestamp()
  where p.project_id = p_project_id and v_new is distinct from v_old;
  select r.* into v_project from work.project_rows(p_project_ids => array[p_project_id]) as r;
  return v_project;
end
$$;

ALTER FUNCTION work.save_project(p_project_id text, p_fields jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.save_project(p_project_id text, p_fields jsonb) IS 'Makes a project, or changes what is given of one; safe to repeat. Errors: PT400, PT404 no_project, PT413 field_limit';

CREATE FUNCTION work.search_items(p_query text, p_project_id text DEFAULT NULL::text, p_item_type text DEFAULT NULL::text, p_limit integer DEFAULT 20) RETURNS TABLE(item_id text, project_id text, item_type text, title text, state text, closed_at timestamp with time zone, comment_id text, rank double precision, snippet text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  v_query tsquery;
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 200);
  if (length(p_query) between 1 and 1000) is not true then
    raise exception using
      errcode = 'PT400', message = 'there is nothing to search for', constraint = 'invalid_query',
      detail = format('%s characters', length(p_query)), hint = 'give 1 to 1000 characters';
  end if;
  v_query := websearch_to_tsquery('pg_catalog.english', p_query);
  if querytree(v_query) in ('', 'T') then
    raise exception using
      errcode = 'PT400', message = 'the query has no word to search for', constraint = 'invalid_query',
      detail = left(p_query, 200), hint = 'words such as "and" or "the" are not searched, nor are only excluded ones';
  end if;
  return query
  select
    b.item_id, b.project_id, b.item_type, b.title, b.state, b.closed_at, b.comment_id, b.rank,
    ts_headline(
      'pg_catalog.english',
      coalesce(c.body, concat_ws(E'\n', b.title, b.description)), v_query,
      'StartSel=**, StopSel=**, MaxFragments=1, MaxWords=20, MinWords=5'
    )
  from (
    select f.* from (
      select distinct on (i.item_id)
        i.item_id, i.project_id, i.item_type, i.title, i.description, i.state, i.closed_at, t.comment_id::text,
        ts_rank(t.document, v_query)::double precision as rank
      from work.item_texts as t
      inner join work.items as i on i.item_id = t.item_id
      where t.document @@ v_query
        and i.deleted_at is null
        and (p_project_id is null or i.project_id = p_project_id)
        and (p_item_type is null or i.item_type = p_item_type)
      order by i.item_id, ts_rank(t.document, v_query) desc, t.comment_id nulls first
    ) as f
    order by f.rank desc, f.item_id
    limit p_limit
  ) as b
  left join work.comments as c on c.comment_id = b.comment_id
  order by b.rank desc, b.item_id;
end
$$;

ALTER FUNCTION work.search_items(p_query text, p_project_id text, p_item_type text, p_limit integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.search_items(p_query text, p_project_id text, p_item_type text, p_limit integer) IS 'Items whose title, description or comments hold words, the best match first. Errors: PT400 invalid_query, invalid_limit';

CREATE FUNCTION work.set_artifact_fields(p_artifact_id text, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  update work.artifacts as a
  set
    tags = coalesce(p_tags, a.tags),
    owner_item_id = coalesce(p_owner_item_id, a.owner_item_id),
    owner_run_id = coalesce(p_owner_run_id, a.owner_run_id),
    project_id = coalesce(p_project_id, a.project_id)
  where a.artifact_id = p_artifact_id
    and (a.tags, a.owner_item_id, a.owner_run_id, a.project_id) is distinct from (
      coalesce(p_tags, a.tags), coalesce(p_owner_item_id, a.owner_item_id), coalesce(p_owner_run_id, a.owner_run_id),
      coalesce(p_project_id, a.project_id)
    )
$$;

ALTER FUNCTION work.set_artifact_fields(p_artifact_id text, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.set_artifact_fields(p_artifact_id text, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) IS 'Replaces tags, owners and project of an artifact where a value is given';

CREATE FUNCTION work.set_cached(p_entries jsonb, p_data bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  if jsonb_typeof(p_entries) is distinct from 'array'
    or p_data is null
    or exists (
      select from jsonb_array_elements(p_entries) as e (entry)
      where num_nulls(e.entry ->> 0, e.entry ->> 1, e.entry ->> 2, e.entry ->> 3) > 0
        or greatest(octet_length(e.entry ->> 0), octet_length(e.entry ->> 1)) > 1000
        or length(e.entry ->> 2) not between 1 and 100
        or e.entry ->> 3 !~ '^[0-9]{1,9}$'
        or e.entry ->> 4 !~ '^-?[0-9]{1,9}([.][0-9]+)?$'
    )
    or (select coalesce(sum((e.entry ->> 3)::bigint), 0) from jsonb_array_elements(p_entries) as e (entry))
    <> octet_length(p_data)
  then
    raise exception using
      errcode = 'PT400', message = 'entries are not of the form that is expected', constraint = 'invalid_entries',
      detail = format('%s bytes of data', octet_length(p_data)),
      hint = 'give [namespace, key, type, bytes, seconds]; names of at most 1000 bytes';
  end if;
  insert into work.graph_cache as c (namespace, key, serde_type, data, expires_at)
  select distinct on ((e.entry ->> 0) collate "C", (e.entry ->> 1) collate "C")
    e.entry ->> 0,
    e.entry ->> 1,
    e.entry ->> 2,
    substring(p_data, (e.until - (e.entry ->> 3)::bigint)::integer + 1, (e.entry ->> 3)::integer),
    clock_timestamp() + make_interval(secs => (e.entry ->> 4)::double precision)
  from (
    select g.entry, g.nth, sum((g.entry ->> 3)::bigint) over (order by g.nth) as until
    from jsonb_array_elements(p_entries) with ordinality as g (entry, nth)
  ) as e
  order by (e.entry ->> 0) collate "C", (e.entry ->> 1) collate "C", e.nth desc
  on conflict (namespace, key) do update
  set serde_type = excluded.serde_type, data = excluded.data, expires_at = excluded.expires_at;
end
$_$;

ALTER FUNCTION work.set_cached(p_entries jsonb, p_data bytea) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.set_cached(p_entries jsonb, p_data bytea) IS 'Stores results in the cache of graphs. Errors: PT400 invalid_entries';

CREATE FUNCTION work.set_queue(p_queue text, p_events work.task_events DEFAULT NULL::work.task_events, p_key_limit integer DEFAULT NULL::integer, p_retry_base_seconds double precision DEFAULT NULL::double precision, p_retry_max_seconds double precision DEFAULT NULL::double precision, p_retention_days integer DEFAULT NULL::integer) RETURNS work.queues
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_queue work.queues;
  v_keys text[];
begin
  perform work.check_queue(p_queue => p_queue);
  if p_key_limit not between 1 and 1000
    or p_retry_base_seconds not between 0 and 86400
    or p_retry_max_seconds not between 0 and 604800
    or p_retention_days not between 1 and 3650 then
    raise exception using
      errcode = 'PT400', message = 'a setting of the queue is out of range', constraint = 'invalid_setting',
      detail = format(
        'key_limit %s, retry_base_seconds %s, retry_max_seconds %s, retention_days %s', p_key_limit, p_retry_base_seconds,
        p_retry_max_seconds, p_retention_days
      ),
      hint = 'work.set_queue names the ranges';
  end if;
  insert into work.queues (queue) values (p_queue) on conflict (queue) do nothing;
  update work.queues as q
  set
    events = coalesce(p_events, q.events),
    key_limit = coalesce(p_key_limit, q.key_limit),
    retry_base_seconds = coalesce(p_retry_base_seconds, q.retry_base_seconds),
    retry_max_seconds = coalesce(p_retry_max_seconds, q.retry_max_seconds),
    retention_days = coalesce(p_retention_days, q.retention_days),
    updated_at = clock_timestamp()
  where q.queue = p_queue
  returning q.* into v_queue;
  if p_key_limit is not null then
    v_keys := array(
      select distinct b.concurrency_key from work.task_executions as b
      where b.queue = p_queue and b.status = 'blocked' and b.concurrency_key is not null
    );
    perform work.admit_tasks(p_queues => array_fill(p_queue, array[cardinality(v_keys)]), p_keys => v_keys);
  end if;
  return v_queue;
end
$$;

ALTER FUNCTION work.set_queue(p_queue text, p_events work.task_events, p_key_limit integer, p_retry_base_seconds double precision, p_retry_max_seconds double precision, p_retention_days integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.set_queue(p_queue text, p_events work.task_events, p_key_limit integer, p_retry_base_seconds double precision, p_retry_max_seconds double precision, p_retention_days integer) IS 'Makes a queue, or changes its settings. Errors: PT400 invalid_queue, invalid_setting';

CREATE FUNCTION work.set_schedule(p_schedule text, p_cron text, p_task jsonb, p_next_at timestamp with time zone, p_timezone text DEFAULT 'UTC'::text) RETURNS work.task_schedules
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_schedule work.task_schedules;
begin
  perform work.check_tasks(p_tasks => jsonb_build_array(p_task));
  if (
    p_schedule ~ '^[a-z][a-z0-9_.-]{0,62}$' and length(p_cron) between 1 and 200 and length(p_timezone) between 1 and 64
    and p_next_at between '1970-01-01 00:00:00+00' and '9999-12-31 00:00:00+00'
    and not p_task ?| array['unique_key', 'delay_seconds', 'scheduled_at']
  ) is not true then
    raise exception using
      errcode = 'PT400', message = 'the schedule is malformed', constraint = 'invalid_schedule',
      detail = left(format('%s: cron %s, time zone %s, next %s', p_schedule, p_cron, p_timezone, p_next_at), 400),
      hint = 'a lower-case name, a cron expression, a task without a key or time of its own';
  end if;
  insert into work.task_schedules as s (schedule, cron, timezone, task, next_at)
  values (p_schedule, p_cron, p_timezone, p_task, p_next_at)
  on conflict (schedule) do update set
    cron = excluded.cron,
    timezone = excluded.timezone,
    task = excluded.task,
    next_at = case
      when (s.cron, s.timezone) = (excluded.cron, excluded.timezone) then s.next_at
      else excluded.next_at
    end,
    updated_at = clock_timestamp()
  returning s.* into v_schedule;
  return v_schedule;
end
$_$;

ALTER FUNCTION work.set_schedule(p_schedule text, p_cron text, p_task jsonb, p_next_at timestamp with time zone, p_timezone text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.set_schedule(p_schedule text, p_cron text, p_task jsonb, p_next_at timestamp with time zone, p_timezone text) IS 'Makes a schedule, or changes it. Errors: PT400';

CREATE FUNCTION work.set_workflow_status(p_workflow_id text, p_version text, p_status text) RETURNS work.workflow_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_row work.workflows;
begin
  perform work.check_workflow_status(p_status => p_status);
  update work.workflows as w set status = p_status, updated_at = clock_timestamp()
  where w.workflow_id = p_workflow_id and w.version = p_version
  returning w.* into v_row;
  if not found then
    perform work.refuse_no_workflow(p_workflow_id => p_workflow_id, p_version => p_version);
  end if;
  return work.workflow_of(v_row, false);
end
$$;

ALTER FUNCTION work.set_workflow_status(p_workflow_id text, p_version text, p_status text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.set_workflow_status(p_workflow_id text, p_version text, p_status text) IS 'Sets the status of a version of a workflow (admin). Errors: PT400 invalid_status, PT404 no_workflow';

CREATE FUNCTION work.settle_changes(p_changes work.task_change[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_queues text[];
  v_keys text[];
begin
  perform work.store_task_events(p_changes => p_changes);
  select array_agg(c.queue), array_agg(c.concurrency_key) into v_queues, v_keys
  from unnest(p_changes) as c
  where c.concurrency_key is not null;
  if v_keys is not null then
    perform work.admit_tasks(p_queues => v_queues, p_keys => v_keys);
  end if;
end
$$;

ALTER FUNCTION work.settle_changes(p_changes work.task_change[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.settle_changes(p_changes work.task_change[]) IS 'Stores the events of changes of tasks'' states, and admits others with their keys. Errors: PT409';

CREATE FUNCTION work.sleep_until(p_run_id text, p_attempt integer, p_step_name text, p_until timestamp with time zone) RETURNS work.step_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_run work.workflow_executions := work.lock_execution(
    p_run_id => p_run_id, p_attempt => p_attempt, p_ending => 'waiting'
  );
  v_step work.step_info := work.step_of(p_run_id => p_run_id, p_step_name => p_step_name);
  v_until timestamptz := coalesce(v_step.wakes_at, p_until, timestamptz 'infinity');
begin
  if v_step.status = 'completed' or (v_run.status = 'waiting' and v_step.status = 'waiting') then
    return v_step;
  end if;
  if v_run.status = 'waiting' then  -- for another step
    perform work.refuse_run(p_run_id => p_run_id, p_status => v_run.status);
  end if;
  perform work.check_run_facts(p_project_id => null, p_metadata => null, p_tags => null, p_times => array[v_until]);
  if v_until <= clock_timestamp() then
    return work.record_step(p_run => v_run, p_step_name => p_step_name, p_status => 'completed', p_wakes_at => v_until);
  end if;
  return work.suspend_execution(p_run => v_run, p_step_name => p_step_name, p_wakes_at => v_until, p_waiting_for => null);
end
$$;

ALTER FUNCTION work.sleep_until(p_run_id text, p_attempt integer, p_step_name text, p_until timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.sleep_until(p_run_id text, p_attempt integer, p_step_name text, p_until timestamp with time zone) IS 'A step that is complete from a time on; until then the run waits. Errors: PT400, PT404 no_run, PT409 stale_attempt, run_ended';

CREATE FUNCTION work.split_checkpoint_blobs(p_blobs jsonb, p_data bytea, OUT hashes bytea[], OUT serde_types text[], OUT pieces bytea[]) RETURNS record
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_blob jsonb;
  v_hash text;
  v_piece bytea;
  v_size integer;
  v_end integer := 0;
  v_valid boolean := jsonb_typeof(p_blobs) is not distinct from 'array';
begin
  for v_nth in 0 .. case when v_valid then jsonb_array_length(p_blobs) else 0 end - 1 loop
    v_blob := p_blobs -> v_nth;
    v_hash := v_blob ->> 0;
    v_size := case when v_blob ->> 2 ~ '^[0-9]{1,9}$' then (v_blob ->> 2)::integer end;
    v_valid := coalesce(
      length(v_hash) = 64 and ltrim(v_hash, '0123456789abcdef') = '' and length(v_blob ->> 1) between 1 and 100
      and (v_blob -> 2 = 'null' or v_end + v_size <= octet_length(p_data)),
      false
    );
    exit when not v_valid;
    v_piece := substring(p_data, v_end + 1, v_size);
    v_end := v_end + coalesce(v_size, 0);
    hashes := array_append(hashes, decode(v_hash, 'hex'));
    serde_types := array_append(serde_types, v_blob ->> 1);
    pieces := array_append(pieces, v_piece);
    if sha256(v_piece) <> decode(v_hash, 'hex') then
      raise exception using
        errcode = 'PT409', message = 'the bytes do not have the hash that was given', constraint = 'hash_mismatch',
        detail = format('blob %s', v_nth), hint = 'hash the exact bytes that are sent, with sha256';
    end if;
  end loop;
  if not v_valid or v_end is distinct from octet_length(p_data) then
    raise exception using
      errcode = 'PT400', message = 'blobs are not of the form that is expected', constraint = 'invalid_blobs',
      detail = format('%s bytes of data', octet_length(p_data)),
      hint = 'give an array of [sha256 in hex, type, bytes or null], and the bytes one after the other';
  end if;
end
$_$;

ALTER FUNCTION work.split_checkpoint_blobs(p_blobs jsonb, p_data bytea, OUT hashes bytea[], OUT serde_types text[], OUT pieces bytea[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.split_checkpoint_blobs(p_blobs jsonb, p_data bytea, OUT hashes bytea[], OUT serde_types text[], OUT pieces bytea[]) IS 'Takes the blobs of a call apart. Errors: PT400 invalid_blobs, PT409 hash_mismatch';

CREATE FUNCTION work.start_execution(p_workflow_id text, p_inputs jsonb DEFAULT '{}'::jsonb, p_run_id text DEFAULT NULL::text, p_version text DEFAULT NULL::text, p_parent_run_id text DEFAULT NULL::text, p_start_at timestamp with time zone DEFAULT NULL::timestamp with time zone, p_deadline timestamp with time zone DEFAULT NULL::timestamp with time zone, p_assigned_agents text[] DEFAULT NULL::text[], p_project_id text DEFAULT NULL::text, p_metadata jsonb DEFAULT NULL::jsonb, p_tags jsonb DEFAULT NULL::jsonb) RETURNS work.execution_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_run_id text := coalesce(p_run_id, core.new_ulid());
  v_run work.workflow_executions;
  v_version text;
  v_steps integer;
  v_parent text;
begin
  select e.* into v_run from work.workflow_executions as e where e.run_id = v_run_id;
  if not found then
    perform work.check_run_text(p_what => 'run_id', p_value => v_run_id, p_bytes => 500);
    perform work.check_run_text(p_what => 'workflow_id', p_value => p_workflow_id, p_bytes => 200);
    perform work.check_run_facts(
      p_project_id => p_project_id, p_metadata => p_metadata, p_tags => p_tags, p_times => array[p_start_at, p_deadline]
    );
    perform work.check_document(p_what => 'inputs', p_value => p_inputs);
    perform work.check_document(p_what => 'assigned_agents', p_value => to_jsonb(p_assigned_agents));
    if p_version is not null then
      v_version := (work.get_workflow(p_workflow_id => p_workflow_id, p_version => p_version)).version;
      update work.workflows as w set used_at = clock_timestamp()
      where w.workflow_id = p_workflow_id and w.version = v_version and w.used_at is null;
      select jsonb_array_length(w.steps) into v_steps
      from work.workflows as w where w.workflow_id = p_workflow_id and w.version = v_version;
    end if;
    if p_parent_run_id is not null then
      select e.status into v_parent from work.workflow_executions as e where e.run_id = p_parent_run_id for share;
      if v_parent is null or v_parent in ('completed', 'failed', 'cancelled') then
        perform work.refuse_run(p_run_id => p_parent_run_id, p_status => v_parent);
      end if;
    end if;
    insert into work.workflow_executions as e (
      run_id, workflow_id, version, parent_run_id, total_steps, inputs, due_at, deadline, assigned_agents, project_id,
      metadata, tags
    )
    values (
      v_run_id, p_workflow_id, v_version, p_parent_run_id, v_steps, coalesce(p_inputs, '{}'),
      coalesce(p_start_at, clock_timestamp()), p_deadline, p_assigned_agents, p_project_id, p_metadata, p_tags
    )
    on conflict do nothing
    returning e.* into v_run;
    if found then
      return work.execution_of(v_run, true);
    end if;
    -- A statement of its own sees the run that a session committed while the one above waited for it.
    select e.* into v_run from work.workflow_executions as e where e.run_id = v_run_id;
  end if;
  if (v_run.workflow_id, v_run.inputs, v_run.parent_run_id)
    is distinct from (p_workflow_id, coalesce(p_inputs, '{}'), p_parent_run_id) then
    raise exception using
      errcode = 'PT409', message = 'another run has this run_id', constraint = 'run_exists',
      detail = format('run %s of workflow %s', v_run_id, v_run.workflow_id),
      hint = 'a repeat has the same workflow, inputs and parent; else use another run_id';
  end if;
  return work.execution_of(v_run, false);
end
$$;

ALTER FUNCTION work.start_execution(p_workflow_id text, p_inputs jsonb, p_run_id text, p_version text, p_parent_run_id text, p_start_at timestamp with time zone, p_deadline timestamp with time zone, p_assigned_agents text[], p_project_id text, p_metadata jsonb, p_tags jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.start_execution(p_workflow_id text, p_inputs jsonb, p_run_id text, p_version text, p_parent_run_id text, p_start_at timestamp with time zone, p_deadline timestamp with time zone, p_assigned_agents text[], p_project_id text, p_metadata jsonb, p_tags jsonb) IS 'Starts a run; safe to repeat by run_id. Errors: PT400, PT404 no_workflow, no_run, PT409 run_exists, run_ended, PT413 value_limit';

CREATE FUNCTION work.step_of(p_run_id text, p_step_name text) RETURNS work.step_info
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
    s.run_id, s.step_name, s.status, s.attempt, s.tries, s.output, s.error, s.duration_ms, s.wakes_at, s.started_at,
    s.completed_at
  from work.step_executions as s
  where s.run_id = p_run_id and s.step_name = p_step_name
$$;

ALTER FUNCTION work.step_of(p_run_id text, p_step_name text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.step_of(p_run_id text, p_step_name text) IS 'A step of a run; null when there is none';

CREATE FUNCTION work.store_checkpoint_blobs(p_thread_key bigint, p_blobs jsonb, p_data bytea) RETURNS bigint[]
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
  v_hashes bytea[];
  v_types text[];
  v_pieces bytea[];
  v_blobs bigint[];
  v_is_repeat boolean := false;
begin
  if p_blobs = '[]' and p_data = '' then
    return '{}'::bigint[];
  end if;
  select s.hashes, s.serde_types, s.pieces into v_hashes, v_types, v_pieces
  from work.split_checkpoint_blobs(p_blobs => p_blobs, p_data => p_data) as s;
  loop
    v_blobs := array(
      select (
        select b.blob_id
        from work.checkpoint_blobs as b
        join work.checkpoint_blob_uses as u on u.thread_key = p_thread_key and u.blob_id = b.blob_id
        where b.content_hash = g.hash and b.serde_type = g.serde_type
      )
      from unnest(v_hashes, v_types) with ordinality as g (hash, serde_type, nth)
      order by g.nth
    );
    exit when array_position(v_blobs, null) is null;
    if v_is_repeat and exists (
      select from unnest(v_blobs, v_pieces) as g (blob_id, piece) where g.blob_id is null and g.piece is null
    ) then
      return null;
    end if;

    with given as materialized (
      select g.hash, g.serde_type, g.piece, g.blob_id, g.nth
      from unnest(v_hashes, v_types, v_pieces, v_blobs) with ordinality as g (hash, serde_type, piece, blob_id, nth)
    ),
    stored as (
      insert into work.checkpoint_blobs (content_hash, serde_type, data)
      select g.hash, g.serde_type, g.piece
      from given as g
      where g.blob_id is null and g.piece is not null and not exists (
        select from work.checkpoint_blobs as b where b.content_hash = g.hash and b.serde_type = g.serde_type
      )
      order by g.hash, g.serde_type
      on conflict do nothing
      returning blob_id, content_hash, serde_type
    ),
    used as (
      insert into work.checkpoint_blob_uses (thread_key, blob_id)
      select p_thread_key, s.blob_id from stored as s
    )
    select array_agg(coalesce(g.blob_id, s.blob_id) order by g.nth) into v_blobs
    from given as g
    left join stored as s on s.content_hash = g.hash and s.serde_type = g.serde_type;
    exit when array_position(v_blobs, null) is null;

    with found as (
      select b.blob_id
      from unnest(v_hashes, v_types, v_blobs) as g (hash, serde_type, blob_id)
      join work.checkpoint_blobs as b on b.content_hash = g.hash and b.serde_type = g.serde_type
      where g.blob_id is null and not exists (
        select from work.checkpoint_blob_uses as u where u.thread_key = p_thread_key and u.blob_id = b.blob_id
      )
      order by b.content_hash, b.serde_type
      for key share of b
    )
    insert into work.checkpoint_blob_uses (thread_key, blob_id)
    select p_thread_key, f.blob_id from found as f
    on conflict do nothing;
    v_is_repeat := true;
  end loop;
  return v_blobs;
end
$$;

ALTER FUNCTION work.store_checkpoint_blobs(p_thread_key bigint, p_blobs jsonb, p_data bytea) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.store_checkpoint_blobs(p_thread_key bigint, p_blobs jsonb, p_data bytea) IS 'Stores blobs for a thread, each once; null when one that was not sent is not stored. Errors: PT400 invalid_blobs, PT409 hash_mismatch';

CREATE FUNCTION work.store_execution_event() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_was work.workflow_executions := case when tg_op = 'UPDATE' then old end;
begin
  -- Its time is that of the change; microseconds keep the order of two that are stored in one millisecond.
  perform telemetry.ingest_event(telemetry.state_changed_event(
    p_item_type => 'workflow_run', p_item_id => new.run_id, p_from_state => v_was.status, p_to_state => new.status,
    p_run_id => new.run_id, p_workflow_name => new.workflow_id, p_project_id => new.project_id,
    p_reason => new.reason, p_actor => new.actor,
    p_time_in_state_seconds => extract(epoch from new.status_at - v_was.status_at)::double precision
  ) || jsonb_build_object('ts', new.status_at));
  return null;
end
$$;

ALTER FUNCTION work.store_execution_event() OWNER TO pylayer_owner;

COMMENT ON FUNCTION work.store_execution_event() IS 'Trigger function: stores the event of a change of a run''s status in the same transaction';

CREATE FUNCTION work.store_task_events(p_changes work.task_change[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_events jsonb;
begin
  select jsonb_agg(telemetry.state_changed_event(
    p_item_type => 'task', p_item_id => c.execution_id, p_from_state => c.from_status, p_to_state => c.to_status,
    p_run_id => c.run_id, p_workflow_name => c.workflow_name, p_project_id => c.project_id, p_reason => c.reason,
    p_actor => c.actor, p_time_in_state_seconds => extract(epoch from clock_timestamp() - c.since)::double precision
  ))
  into v_events
  from unnest(p_changes) as c
  inner join work.queues as q on q.queue = c.queue
  where q.events = 'all' or (q.events = 'terminal' and c.to_status in ('completed', 'failed'));
  if jsonb_array_length(v_events) = 1 then
    perform telemetry.ingest_event(v_events -> 0);
  elsif v_events is not null then
    perform telemetry.ingest_events(p_events => v_events);
  end if;
end
$$;

ALTER FUNCTION work.store_task_events(p_changes work.task_change[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.store_task_events(p_changes work.task_change[]) IS 'Stores the events of changes of tasks'' states, as far as their queues want them';

CREATE FUNCTION work.store_tasks(p_tasks jsonb, p_prefix text, p_now timestamp with time zone, p_keys integer) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_ids text[];
begin
  if (
    jsonb_typeof(p_tasks) = 'array' and jsonb_array_length(p_tasks) <= 10000
    and not jsonb_path_exists(p_tasks, 'strict $[*] ? (@.type() != "object")')
    and (
      select bool_and((t.is_good and q.queue is not null) is true)
      from work.new_tasks(p_tasks => p_tasks, p_prefix => p_prefix, p_now => p_now, p_keys => p_keys) as t
      left join work.queues as q on q.queue = t.queue
    )
  ) is not true then
    perform work.check_tasks(p_tasks => p_tasks);
  end if;
  with given as materialized (
    select t.*, nextval('work.task_positions') as place
    from work.new_tasks(p_tasks => p_tasks, p_prefix => p_prefix, p_now => p_now, p_keys => p_keys) as t
  ),
  stored as (
    insert into work.task_executions (
      execution_id, position, scheduled_at, created_at, status, priority, max_retries, timeout_seconds, queue, task_name,
      task_type, unique_key, concurrency_key, run_id, workflow_name, agent_id, project_id, input_data, metadata
    )
    select
      g.execution_id, g.place, g.scheduled_at, g.created_at, g.status, g.priority, g.max_retries, g.timeout_seconds, g.queue,
      g.task_name, g.task_type, g.unique_key, g.concurrency_key, g.run_id, g.workflow_name, g.agent_id, g.project_id,
      g.input_data, g.metadata
    from given as g
    order by g.unique_key, g.place
    on conflict (queue, unique_key) where unique_key is not null do nothing
    returning execution_id
  )
  select array_agg(s.execution_id) into v_ids from stored as s;
  insert into work.queues (queue)
  select distinct t.queue from work.task_executions as t where t.execution_id = any(v_ids) order by t.queue
  on conflict (queue) do nothing;
  perform work.settle_changes(p_changes => array(
    select row(
      t.execution_id, t.queue, null, t.status, t.run_id, t.workflow_name, t.project_id, t.concurrency_key, null, null, null
    )::work.task_change
    from work.task_executions as t
    inner join work.queues as q on q.queue = t.queue
    where t.execution_id = any(v_ids) and (t.concurrency_key is not null or q.events = 'all')
  ));
end
$_$;

ALTER FUNCTION work.store_tasks(p_tasks jsonb, p_prefix text, p_now timestamp with time zone, p_keys integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.store_tasks(p_tasks jsonb, p_prefix text, p_now timestamp with time zone, p_keys integer) IS 'Stores a batch of tasks, with what follows from them. Errors: PT400, PT409, PT413';

CREATE FUNCTION work.story_changed_event(p_old work.items, p_new work.items, p_actor text, p_change_type text, p_cause_stage text, p_summary text, p_run_id text, p_workflow_name text, p_agent_role text) RETURNS jsonb
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select jsonb_strip_nulls(jsonb_build_object(
    'event_id', core.new_ulid(),
    'event_name', 'workflow.story_changed',
    'item_id', p_old.item_id,
    'project_id', p_new.project_id,
    'run_id', p_run_id,
    'workflow_name', p_workflow_name,
    'agent_role', p_agent_role,
    'payload', jsonb_build_object(
      'change_type', coalesce(p_change_type, concat_ws(
        ',',
        case when p_new.description is distinct from p_old.description then 'description' end,
        case when p_new.title <> p_old.title then 'title' end
      )),
      'cause_stage', coalesce(p_cause_stage, p_old.state),
      'summary', p_summary,
      'post_ready', true,
      'actor', p_actor
    )
  ))
$$;

ALTER FUNCTION work.story_changed_event(p_old work.items, p_new work.items, p_actor text, p_change_type text, p_cause_stage text, p_summary text, p_run_id text, p_workflow_name text, p_agent_role text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.story_changed_event(p_old work.items, p_new work.items, p_actor text, p_change_type text, p_cause_stage text, p_summary text, p_run_id text, p_workflow_name text, p_agent_role text) IS 'The event of an edit of an agreed item, with a new id, to be stored in the same transaction as the edit';

CREATE FUNCTION work.suspend_execution(p_run work.workflow_executions, p_step_name text, p_wakes_at timestamp with time zone, p_waiting_for text) RETURNS work.step_info
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_step work.step_info := work.record_step(
    p_run => p_run, p_step_name => p_step_name, p_status => 'waiting', p_wakes_at => p_wakes_at
  );
begin
  update work.workflow_executions as e
  set status = 'waiting', reason = null, actor = e.worker, worker = null, waiting_for = p_waiting_for, due_at = p_wakes_at
  where e.run_id = p_run.run_id;
  return v_step;
end
$$;

ALTER FUNCTION work.suspend_execution(p_run work.workflow_executions, p_step_name text, p_wakes_at timestamp with time zone, p_waiting_for text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.suspend_execution(p_run work.workflow_executions, p_step_name text, p_wakes_at timestamp with time zone, p_waiting_for text) IS 'Makes a running run wait for a time or an event';

CREATE FUNCTION work.sweep_tasks(p_limit integer DEFAULT 1000, OUT due integer, OUT expired integer) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_changes work.task_change[];
  v_expired text[];
begin
  if (p_limit between 1 and 10000) is not true then
    raise exception using
      errcode = 'PT400', message = 'the number of tasks is out of range', constraint = 'invalid_limit',
      detail = coalesce(p_limit::text, 'null'), hint = '1 to 10000';
  end if;
  if not pg_try_advisory_xact_lock(hashtextextended('work.sweep_tasks', 0)) then
    return;
  end if;
  with due as (
    select s.execution_id from work.task_executions as s
    where s.status = 'scheduled' and s.scheduled_at <= clock_timestamp()
    order by s.scheduled_at
    limit p_limit
    for no key update skip locked
  ),
  moved as (
    update work.task_executions as t
    set
      status = case when t.concurrency_key is null then 'ready' else 'blocked' end::work.task_status,
      position = nextval('work.task_positions')
    from due
    where t.execution_id = due.execution_id
    returning t.*
  )
  select coalesce(array_agg(row(
    m.execution_id, m.queue, 'scheduled', m.status, m.run_id, m.workflow_name, m.project_id, m.concurrency_key, null, null,
    null
  )::work.task_change), '{}')
  into v_changes
  from moved as m;
  v_expired := array(
    select r.execution_id from work.task_executions as r
    where r.status = 'running' and r.lease_expires_at <= clock_timestamp()
    order by r.lease_expires_at
    limit p_limit
    for no key update skip locked
  );
  if v_changes <> '{}' then
    perform work.settle_changes(p_changes => v_changes);
  end if;
  if v_expired <> '{}' then
    perform work.end_attempts(
      p_execution_ids => v_expired, p_error => 'lease expired', p_retry => true, p_delay_seconds => null
    );
  end if;
  due := cardinality(v_changes);
  expired := cardinality(v_expired);
end
$$;

ALTER FUNCTION work.sweep_tasks(p_limit integer, OUT due integer, OUT expired integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.sweep_tasks(p_limit integer, OUT due integer, OUT expired integer) IS 'Makes tasks ready whose time has come, and ends attempts whose lease has expired. Errors: PT400 invalid_limit';

CREATE FUNCTION work.tasks_kept_from() RETURNS timestamp with time zone
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select now() - make_interval(days => min(q.retention_days)) from work.queues as q
$$;

ALTER FUNCTION work.tasks_kept_from() OWNER TO pylayer_api;

COMMENT ON FUNCTION work.tasks_kept_from() IS 'Time since which every task that ended is still there';

CREATE FUNCTION work.training_agent_tasks(p_from timestamp with time zone, p_to timestamp with time zone) RETURNS TABLE(execution_id text, queue text, task_name text, task_type text, status text, priority integer, retry_count integer, max_retries integer, run_id text, workflow_name text, agent_id text, project_id text, input_data jsonb, output_data jsonb, error text, execution_time_ms bigint, created_at timestamp with time zone, scheduled_at timestamp with time zone, started_at timestamp with time zone, finished_at timestamp with time zone, metadata jsonb)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select
    t.execution_id, t.queue, t.task_name, t.task_type, t.status::text, t.priority, t.retry_count, t.max_retries, t.run_id,
    t.workflow_name, t.agent_id, t.project_id, t.input_data, t.output_data, t.error, t.execution_time_ms, t.created_at,
    t.scheduled_at, t.started_at, t.finished_at, t.metadata
  from work.task_executions as t
  -- A task is no older than its id says.
  where t.execution_id < (select core.ulid_floor(p_to + interval '1 minute'))
    and t.finished_at >= p_from
    and t.finished_at < p_to
  order by t.execution_id
$$;

ALTER FUNCTION work.training_agent_tasks(p_from timestamp with time zone, p_to timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.training_agent_tasks(p_from timestamp with time zone, p_to timestamp with time zone) IS 'Tasks that ended in a time range, with input and output, in id order';

CREATE FUNCTION work.training_tool_executions(p_from timestamp with time zone, p_to timestamp with time zone) RETURNS TABLE(run_id text, span_id text, parent_span_id text, workflow_id text, version text, step_name text, tool text, status text, error text, input_ref text, output_ref text, duration_ms numeric, started_at timestamp with time zone, ended_at timestamp with time zone, recorded_at timestamp with time zone, project_id text, metadata jsonb)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select
    t.run_id, t.span_id, t.parent_span_id, e.workflow_id, e.version, t.step_name, t.name, t.status, t.error, t.input_ref,
    t.output_ref, round(extract(epoch from t.ended_at - t.started_at) * 1000, 3), t.started_at, t.ended_at, t.recorded_at,
    e.project_id, t.metadata
  from work.execution_traces as t
  inner join work.workflow_executions as e on e.run_id = t.run_id
  where t.kind = 'tool'
    and t.recorded_at >= p_from
    and t.recorded_at < p_to
  order by t.recorded_at, t.run_id, t.span_id
$$;

ALTER FUNCTION work.training_tool_executions(p_from timestamp with time zone, p_to timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.training_tool_executions(p_from timestamp with time zone, p_to timestamp with time zone) IS 'Calls of tools that were recorded in a time range, in that order';

CREATE FUNCTION work.transition_item(p_item_id text, p_to_state text, p_expected_state text DEFAULT NULL::text, p_actor text DEFAULT NULL::text, p_reason text DEFAULT NULL::text, p_run_id text DEFAULT NULL::text, p_workflow_name text DEFAULT NULL::text, p_agent_role text DEFAULT NULL::text) RETURNS work.transition_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_transition work.transition_info;
begin
  perform work.check_context(
    p_actor => p_actor, p_reason => p_reason, p_run_id => p_run_id, p_workflow_name => p_workflow_name,
    p_agent_role => p_agent_role
  );
  insert into work.item_transitions as t (
    item_id, from_state, to_state, actor, reason, run_id, workflow_name, agent_role
  )
  values (
    p_item_id, p_expected_state, p_to_state, coalesce(p_actor, session_user), p_reason, p_run_id, p_workflow_name,
    p_agent_role
  )
  returning
    t.item_id, t.seq, t.from_state, t.to_state, t.actor, t.reason, t.run_id, t.workflow_name, t.agent_role,
    t.time_in_state_seconds, t.occurred_at
  into v_transition;
  return v_transition;
end
$$;

ALTER FUNCTION work.transition_item(p_item_id text, p_to_state text, p_expected_state text, p_actor text, p_reason text, p_run_id text, p_workflow_name text, p_agent_role text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.transition_item(p_item_id text, p_to_state text, p_expected_state text, p_actor text, p_reason text, p_run_id text, p_workflow_name text, p_agent_role text) IS 'Changes the state of an item with its history and event. Errors: PT400 invalid_context, PT404 no_item, PT409 stale_state, illegal_transition';

CREATE FUNCTION work.undeleted_blobs(p_limit integer DEFAULT 100) RETURNS TABLE(artifact_id text, version integer, storage_key text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 10000);
  return query
  select t.artifact_id::text, t.version, t.storage_key from work.artifact_tombstones as t
  where t.object_deleted_at is null
  order by t.deleted_at
  limit p_limit;
end
$$;

ALTER FUNCTION work.undeleted_blobs(p_limit integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.undeleted_blobs(p_limit integer) IS 'Deleted content whose object is not confirmed to be gone. Errors: PT400 invalid_limit';

CREATE FUNCTION work.update_item(p_item_id text, p_changes jsonb, p_expected_version integer DEFAULT NULL::integer, p_actor text DEFAULT NULL::text, p_change_type text DEFAULT NULL::text, p_cause_stage text DEFAULT NULL::text, p_summary text DEFAULT NULL::text, p_run_id text DEFAULT NULL::text, p_workflow_name text DEFAULT NULL::text, p_agent_role text DEFAULT NULL::text) RETURNS work.item_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_old work.items;
  v_new work.items;
  v_item work.item_info;
  v_constraint text;
begin
  perform work.check_context(
    p_actor => p_actor, p_reason => p_summary, p_run_id => p_run_id, p_workflow_name => p_workflow_name,
    p_agent_role => p_agent_role
  );
  if length(p_change_type) not between 1 and 100 or length(p_cause_stage) not between 1 and 100 then
    raise exception using
      errcode = 'PT400', message = 'a kind of change or a stage is empty or too long', constraint = 'invalid_change',
      detail = format('characters: change_type %s, cause_stage %s', length(p_change_type), length(p_cause_stage)),
      hint = 'give 1 to 100 characters, or leave it out';
  end if;
  perform work.check_item_fields(p_fields => p_changes);
  v_old := work.lock_item(p_item_id => p_item_id, p_expected_version => p_expected_version);
  v_new := jsonb_populate_record(v_old, p_changes);
  if v_new is distinct from v_old then
    update work.items as i
    set
      title = v_new.title,
      description = v_new.description,
      priority = v_new.priority,
      project_id = v_new.project_id,
      github_repository = v_new.github_repository,
      github_number = v_new.github_number,
      github_node_id = v_new.github_node_id,
      github_url = v_new.github_url,
      ai_analysis = v_new.ai_analysis,
      ai_suggestions = v_new.ai_suggestions,
      tags = v_new.tags,
      metadata = v_new.metadata,
      version = i.version + 1,
      updated_at = clock_timestamp()
    where i.item_id = p_item_id;
    perform telemetry.ingest_event(p_event => work.story_changed_event(
      p_old => v_old, p_new => v_new, p_actor => coalesce(p_actor, session_user), p_change_type => p_change_type,
      p_cause_stage => p_cause_stage, p_summary => p_summary, p_run_id => p_run_id, p_workflow_name => p_workflow_name,
      p_agent_role => p_agent_role
    ))
    from work.item_states as s
    where s.item_type = v_old.item_type and s.state = v_old.state and s.is_agreed
      and (v_new.title, v_new.description) is distinct from (v_old.title, v_old.description);
  end if;
  select r.* into v_item from work.item_rows(p_item_ids => array[p_item_id]) as r;
  return v_item;
exception when unique_violation then
  get stacked diagnostics v_constraint = constraint_name;
  raise exception using
    errcode = 'PT409', message = 'another item has this place on GitHub', constraint = 'github_taken',
    detail = format('item %s, %s', p_item_id, v_constraint), hint = 'change that one, or give another number';
end
$$;

ALTER FUNCTION work.update_item(p_item_id text, p_changes jsonb, p_expected_version integer, p_actor text, p_change_type text, p_cause_stage text, p_summary text, p_run_id text, p_workflow_name text, p_agent_role text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.update_item(p_item_id text, p_changes jsonb, p_expected_version integer, p_actor text, p_change_type text, p_cause_stage text, p_summary text, p_run_id text, p_workflow_name text, p_agent_role text) IS 'Edits an item; an edit of an agreed story stores workflow.story_changed. Errors: PT400, PT404 no_item, no_project, PT409 stale_version, github_taken, PT413 field_limit';

CREATE FUNCTION work.version_bounds(p_selector text, OUT p_from integer[], OUT p_below integer[]) RETURNS record
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_given integer[];
  v_kept integer := 3;  -- how many of the numbers stay
begin
  if p_selector = 'latest' then
    p_from := array[0, 0, 0];
    p_below := array[2147483647, 0, 0];
    return;
  end if;
  if p_selector is null or p_selector !~ '^([~^]\d{1,9}([.]\d{1,9}){0,2}|\d{1,9}[.]\d{1,9}[.]\d{1,9})$' then
    raise exception using
      errcode = 'PT400', message = 'this selects no version', constraint = 'invalid_version',
      detail = coalesce(left(p_selector, 64), 'null'), hint = 'use latest, 1.2.3, ^1.2 or ~1.2';
  end if;
  v_given := string_to_array(ltrim(p_selector, '~^'), '.')::integer[];
  p_from := v_given || array_fill(0, array[3 - cardinality(v_given)]);
  if left(p_selector, 1) = '^' then
    v_kept := case when p_from[1] > 0 then 1 when p_from[2] > 0 then 2 else 3 end;
    v_kept := least(v_kept, cardinality(v_given));
  elsif left(p_selector, 1) = '~' then
    v_kept := least(2, cardinality(v_given));
  end if;
  p_below := p_from[:v_kept - 1] || (p_from[v_kept] + 1) || array_fill(0, array[3 - v_kept]);
end
$_$;

ALTER FUNCTION work.version_bounds(p_selector text, OUT p_from integer[], OUT p_below integer[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.version_bounds(p_selector text, OUT p_from integer[], OUT p_below integer[]) IS 'The versions that a selector such as ^1.2 means';

CREATE FUNCTION work.version_of(p_artifact_id text, p_version integer, p_created boolean) RETURNS work.version_info
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
    v.artifact_id,
    v.version,
    a.type,
    v.mime_type,
    v.size_bytes,
    v.content_hash,
    v.storage_backend,
    v.storage_key,
    v.preview_text,
    v.extracted_fields,
    p_created,
    v.created_at
  from work.artifact_versions as v
  inner join work.artifacts as a on a.artifact_id = v.artifact_id
  where v.artifact_id = p_artifact_id and v.version = p_version
$$;

ALTER FUNCTION work.version_of(p_artifact_id text, p_version integer, p_created boolean) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.version_of(p_artifact_id text, p_version integer, p_created boolean) IS 'A stored version in the form that writes return';

CREATE FUNCTION work.wake_parent() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update work.workflow_executions as e set due_at = new.completed_at, updated_at = new.completed_at
  where e.run_id = new.parent_run_id and e.status = 'waiting' and e.waiting_for = 'run ' || new.run_id;
  return null;
end
$$;

ALTER FUNCTION work.wake_parent() OWNER TO pylayer_api;

COMMENT ON FUNCTION work.wake_parent() IS 'Trigger function: a run that waits for the end of a run that it started becomes due';

CREATE TABLE work.workflows (
    workflow_id text NOT NULL,
    version_major integer NOT NULL,
    version_minor integer NOT NULL,
    version_patch integer NOT NULL,
    version text GENERATED ALWAYS AS ((((((version_major)::text || '.'::text) || (version_minor)::text) || '.'::text) || (version_patch)::text)) STORED NOT NULL,
    name text,
    description text,
    status text NOT NULL,
    steps jsonb NOT NULL,
    project_id text,
    metadata jsonb,
    tags jsonb,
    used_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT workflows_description_check CHECK ((length(description) <= 10000)),
    CONSTRAINT workflows_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text)),
    CONSTRAINT workflows_name_check CHECK ((length(name) <= 500)),
    CONSTRAINT workflows_project_id_check CHECK ((length(project_id) <= 500)),
    CONSTRAINT workflows_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'active'::text, 'deprecated'::text]))),
    CONSTRAINT workflows_steps_check CHECK ((jsonb_typeof(steps) = 'array'::text)),
    CONSTRAINT workflows_tags_check CHECK ((jsonb_typeof(tags) = ANY (ARRAY['object'::text, 'array'::text]))),
    CONSTRAINT workflows_version_major_check CHECK ((version_major >= 0)),
    CONSTRAINT workflows_version_minor_check CHECK ((version_minor >= 0)),
    CONSTRAINT workflows_version_patch_check CHECK ((version_patch >= 0)),
    CONSTRAINT workflows_workflow_id_check CHECK (((octet_length(workflow_id) >= 1) AND (octet_length(workflow_id) <= 200)))
);

ALTER TABLE work.workflows OWNER TO pylayer_owner;

COMMENT ON TABLE work.workflows IS 'Definitions of workflows, one row a semantic version. A definition never changes once a run has used it';

COMMENT ON COLUMN work.workflows.workflow_id IS 'Name of the workflow; workflow_name of its events';

COMMENT ON COLUMN work.workflows.version_major IS 'Semantic version: changes that break';

COMMENT ON COLUMN work.workflows.version_minor IS 'Semantic version: additions';

COMMENT ON COLUMN work.workflows.version_patch IS 'Semantic version: corrections';

COMMENT ON COLUMN work.workflows.version IS 'The version as text, such as 1.2.0';

COMMENT ON COLUMN work.workflows.name IS 'Title for people';

COMMENT ON COLUMN work.workflows.description IS 'What it does';

COMMENT ON COLUMN work.workflows.status IS 'draft and deprecated: only an exact version finds it; active: ranges and latest do too';

COMMENT ON COLUMN work.workflows.steps IS 'Array of objects with name and, where it has some, depends_on; other keys are kept';

COMMENT ON COLUMN work.workflows.project_id IS 'Project it belongs to, free text';

COMMENT ON COLUMN work.workflows.metadata IS 'What nobody queries';

COMMENT ON COLUMN work.workflows.tags IS 'Object or array to search by containment; null is none';

COMMENT ON COLUMN work.workflows.used_at IS 'When the first run used it: since then its definition stands; null is never';

COMMENT ON COLUMN work.workflows.created_at IS 'When it was registered';

COMMENT ON COLUMN work.workflows.updated_at IS 'When it was changed last';

CREATE FUNCTION work.workflow_of(p_row work.workflows, p_created boolean) RETURNS work.workflow_info
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select row(
    p_row.workflow_id, p_row.version, p_row.name, p_row.description, p_row.status, p_row.steps, p_row.project_id,
    p_row.metadata, p_row.tags, p_row.used_at, p_row.created_at, p_row.updated_at, p_created
  )::work.workflow_info
$$;

ALTER FUNCTION work.workflow_of(p_row work.workflows, p_created boolean) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.workflow_of(p_row work.workflows, p_created boolean) IS 'A version of a workflow in the form that functions return';

CREATE FUNCTION work.write_inline(p_artifact_id text, p_type text, p_content text, p_mime_type text, p_expected_version integer, p_content_hash text, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) RETURNS work.version_info
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_hash text := work.inline_content_hash(p_content => p_content, p_content_hash => p_content_hash);
  v_id text := coalesce(p_artifact_id, core.new_ulid());
  v_type text;
  v_mime_type text := p_mime_type;
  v_before integer;
  v_version integer;
  v_latest_hash text;
  v_opaque boolean := false;
  v_created_at timestamptz;
begin
  perform work.check_artifact_fields(
    p_artifact_id => p_artifact_id, p_type => p_type, p_mime_type => p_mime_type, p_preview_text => p_preview_text,
    p_extracted_fields => p_extracted_fields, p_tags => p_tags, p_owner_item_id => p_owner_item_id,
    p_owner_run_id => p_owner_run_id, p_project_id => p_project_id
  );
  loop
    if p_artifact_id is not null then
      update work.artifacts as a
      set
        reserved_version = a.reserved_version + 1,
        latest_version = a.reserved_version + 1,
        latest_content_hash = v_hash,
        tags = coalesce(p_tags, a.tags),
        owner_item_id = coalesce(p_owner_item_id, a.owner_item_id),
        owner_run_id = coalesce(p_owner_run_id, a.owner_run_id),
        project_id = coalesce(p_project_id, a.project_id)
      where a.artifact_id = p_artifact_id
        and case when p_type is null then a.latest_version > 0 else a.type = p_type end
        and (p_expected_version is null or a.latest_version = p_expected_version)
        and a.latest_content_hash is distinct from v_hash
      returning a.type, old.latest_version, new.latest_version into v_type, v_before, v_version;
      exit when found;
    end if;
    if p_type is not null and coalesce(p_expected_version, 0) = 0 then
      insert into work.artifacts as a (
        artifact_id, type, latest_version, reserved_version, latest_content_hash, tags, owner_item_id, owner_run_id,
        project_id
      ) values (v_id, p_type, 1, 1, v_hash, p_tags, p_owner_item_id, p_owner_run_id, p_project_id)
      on conflict do nothing
      returning a.type, a.latest_version into v_type, v_version;
      exit when found;
    end if;
    select l.latest_version, l.latest_content_hash into v_version, v_latest_hash
    from work.lock_artifact(
      p_artifact_id => v_id, p_type => p_type, p_expected_version => p_expected_version
    ) as l;
    if v_latest_hash = v_hash then
      perform work.set_artifact_fields(
        p_artifact_id => v_id, p_tags => p_tags, p_owner_item_id => p_owner_item_id,
        p_owner_run_id => p_owner_run_id, p_project_id => p_project_id
      );
      return work.version_of(p_artifact_id => v_id, p_version => v_version, p_created => false);
    end if;
    -- Nothing speaks against the write any more: what did has changed in the meantime.
  end loop;
  if v_mime_type is null then
    select v.mime_type into v_mime_type from work.artifact_versions as v
    where v.artifact_id = v_id and v.version = v_before;
  end if;
  if work.is_json_mime(p_mime_type => v_mime_type) then
    v_opaque := work.is_opaque_json(p_content => p_content);
  end if;
  insert into work.artifact_versions (
    artifact_id, version, mime_type, size_bytes, content_hash, storage_backend, inline_content_text, is_json_opaque,
    preview_text, extracted_fields
  ) values (
    v_id, v_version, v_mime_type, octet_length(p_content), v_hash, 'inline', p_content, v_opaque,
    p_preview_text, p_extracted_fields
  ) returning created_at into v_created_at;
  return row(
    v_id, v_version, v_type, v_mime_type, octet_length(p_content)::bigint, v_hash, 'inline'::work.storage_backend, null::text,
    p_preview_text, p_extracted_fields, true, v_created_at
  )::work.version_info;
end
$$;

ALTER FUNCTION work.write_inline(p_artifact_id text, p_type text, p_content text, p_mime_type text, p_expected_version integer, p_content_hash text, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.write_inline(p_artifact_id text, p_type text, p_content text, p_mime_type text, p_expected_version integer, p_content_hash text, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) IS 'Makes a version with inline content; the body of create_artifact and create_version';

CREATE TABLE ai.agent_definitions (
    definition_id core.ulid DEFAULT core.new_ulid() NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    version integer DEFAULT 1 NOT NULL,
    role text,
    description text,
    provider text,
    model text,
    system_prompt text,
    capabilities jsonb,
    tools jsonb,
    config jsonb,
    budget jsonb,
    tags jsonb,
    metadata jsonb,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT agent_definitions_budget_check CHECK ((jsonb_typeof(budget) = 'object'::text)),
    CONSTRAINT agent_definitions_capabilities_check CHECK ((jsonb_typeof(capabilities) = 'array'::text)),
    CONSTRAINT agent_definitions_config_check CHECK ((jsonb_typeof(config) = 'object'::text)),
    CONSTRAINT agent_definitions_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text)),
    CONSTRAINT agent_definitions_model_check CHECK (((length(model) >= 1) AND (length(model) <= 200))),
    CONSTRAINT agent_definitions_name_check CHECK ((name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$'::text)),
    CONSTRAINT agent_definitions_provider_check CHECK (((length(provider) >= 1) AND (length(provider) <= 100))),
    CONSTRAINT agent_definitions_role_check CHECK (((length(role) >= 1) AND (length(role) <= 200))),
    CONSTRAINT agent_definitions_tags_check CHECK ((jsonb_typeof(tags) = ANY (ARRAY['object'::text, 'array'::text]))),
    CONSTRAINT agent_definitions_tools_check CHECK ((jsonb_typeof(tools) = 'array'::text)),
    CONSTRAINT agent_definitions_version_check CHECK ((version > 0))
);

ALTER TABLE ai.agent_definitions OWNER TO pylayer_owner;

COMMENT ON TABLE ai.agent_definitions IS 'Blueprints of agents, by name and version. Append-only: what an agent was made of stays known; a change is another version';

COMMENT ON COLUMN ai.agent_definitions.definition_id IS 'ULID';

COMMENT ON COLUMN ai.agent_definitions.name IS 'Name, such as reviewer';

COMMENT ON COLUMN ai.agent_definitions.version IS 'Version of the blueprint, from 1';

COMMENT ON COLUMN ai.agent_definitions.role IS 'Role that events name as agent_role';

COMMENT ON COLUMN ai.agent_definitions.description IS 'What it is for';

COMMENT ON COLUMN ai.agent_definitions.provider IS 'Who runs the model, such as openai';

COMMENT ON COLUMN ai.agent_definitions.model IS 'Model, by the name of ai.models';

COMMENT ON COLUMN ai.agent_definitions.system_prompt IS 'Prompt that each conversation begins with';

COMMENT ON COLUMN ai.agent_definitions.capabilities IS 'What it can do, an array';

COMMENT ON COLUMN ai.agent_definitions.tools IS 'Tools that it may use, an array';

COMMENT ON COLUMN ai.agent_definitions.config IS 'Settings of the model and of the agent, an object';

COMMENT ON COLUMN ai.agent_definitions.budget IS 'Limits that its agents begin with, an object';

COMMENT ON COLUMN ai.agent_definitions.tags IS 'Object or array to search by containment';

COMMENT ON COLUMN ai.agent_definitions.metadata IS 'Whatever else, an object';

COMMENT ON COLUMN ai.agent_definitions.created_at IS 'When it was made';

COMMENT ON COLUMN ai.agent_definitions.updated_at IS 'When it was made: a version never changes';

CREATE TABLE ai.agents (
    agent_id text DEFAULT core.new_ulid() NOT NULL COLLATE pg_catalog."C",
    definition_id core.ulid,
    name text NOT NULL,
    status text DEFAULT 'active'::text NOT NULL,
    project_id text,
    config jsonb,
    budget jsonb,
    budget_used_usd numeric DEFAULT 0 NOT NULL,
    executions bigint DEFAULT 0 NOT NULL,
    successes bigint DEFAULT 0 NOT NULL,
    execution_ms_total bigint DEFAULT 0 NOT NULL,
    tokens_total bigint DEFAULT 0 NOT NULL,
    cost_usd_total numeric DEFAULT 0 NOT NULL,
    last_active_at timestamp with time zone,
    tags jsonb,
    metadata jsonb,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT agents_agent_id_check CHECK ((agent_id ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$'::text)),
    CONSTRAINT agents_budget_check CHECK ((jsonb_typeof(budget) = 'object'::text)),
    CONSTRAINT agents_budget_used_usd_check CHECK ((budget_used_usd >= (0)::numeric)),
    CONSTRAINT agents_check CHECK (((successes >= 0) AND (successes <= executions))),
    CONSTRAINT agents_config_check CHECK ((jsonb_typeof(config) = 'object'::text)),
    CONSTRAINT agents_cost_usd_total_check CHECK ((cost_usd_total >= (0)::numeric)),
    CONSTRAINT agents_execution_ms_total_check CHECK ((execution_ms_total >= 0)),
    CONSTRAINT agents_executions_check CHECK ((executions >= 0)),
    CONSTRAINT agents_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text)),
    CONSTRAINT agents_name_check CHECK (((length(btrim(name)) >= 1) AND (length(btrim(name)) <= 200))),
    CONSTRAINT agents_project_id_check CHECK (((length(project_id) >= 1) AND (length(project_id) <= 200))),
    CONSTRAINT agents_status_check CHECK ((status = ANY (ARRAY['active'::text, 'paused'::text, 'retired'::text]))),
    CONSTRAINT agents_tags_check CHECK ((jsonb_typeof(tags) = ANY (ARRAY['object'::text, 'array'::text]))),
    CONSTRAINT agents_tokens_total_check CHECK ((tokens_total >= 0))
)
WITH (fillfactor='85');

ALTER TABLE ai.agents OWNER TO pylayer_owner;

COMMENT ON TABLE ai.agents IS 'Agents that work is assigned to, with what they used';

COMMENT ON COLUMN ai.agents.agent_id IS 'Id, such as reviewer-1; a ULID where none is given';

COMMENT ON COLUMN ai.agents.definition_id IS 'Blueprint that it was made of; null is none';

COMMENT ON COLUMN ai.agents.name IS 'Name as people read it';

COMMENT ON COLUMN ai.agents.status IS 'active, paused (gets no work for now) or retired (for good)';

COMMENT ON COLUMN ai.agents.project_id IS 'Project that it works for; null is any';

COMMENT ON COLUMN ai.agents.config IS 'Settings that replace those of the definition, an object';

COMMENT ON COLUMN ai.agents.budget IS 'Its limits, an object';

COMMENT ON COLUMN ai.agents.budget_used_usd IS 'USD used of the budget of the current period';

COMMENT ON COLUMN ai.agents.executions IS 'Executions, ever';

COMMENT ON COLUMN ai.agents.successes IS 'Those of them that succeeded';

COMMENT ON COLUMN ai.agents.execution_ms_total IS 'Milliseconds that they took';

COMMENT ON COLUMN ai.agents.tokens_total IS 'Tokens that they used';

COMMENT ON COLUMN ai.agents.cost_usd_total IS 'USD that they cost, as estimated';

COMMENT ON COLUMN ai.agents.last_active_at IS 'When it last worked';

COMMENT ON COLUMN ai.agents.tags IS 'Object or array to search by containment';

COMMENT ON COLUMN ai.agents.metadata IS 'Whatever else, an object';

COMMENT ON COLUMN ai.agents.created_at IS 'When it was made';

COMMENT ON COLUMN ai.agents.updated_at IS 'Last change';

COMMENT ON COLUMN ai.agents.deleted_at IS 'Since when it counts as removed; null is not';

CREATE TABLE ai.conversations (
    instance_id text NOT NULL COLLATE pg_catalog."C",
    title text,
    agent_id text,
    run_id text,
    project_id text,
    tags jsonb,
    metadata jsonb,
    message_count bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT conversations_agent_id_check CHECK ((length(agent_id) <= 255)),
    CONSTRAINT conversations_instance_id_check CHECK (((length(instance_id) >= 1) AND (length(instance_id) <= 255))),
    CONSTRAINT conversations_message_count_check CHECK ((message_count >= 0)),
    CONSTRAINT conversations_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text)),
    CONSTRAINT conversations_project_id_check CHECK ((length(project_id) <= 255)),
    CONSTRAINT conversations_run_id_check CHECK ((length(run_id) <= 255)),
    CONSTRAINT conversations_tags_check CHECK ((jsonb_typeof(tags) = ANY (ARRAY['object'::text, 'array'::text]))),
    CONSTRAINT conversations_title_check CHECK ((length(title) <= 500))
)
WITH (fillfactor='85');

ALTER TABLE ai.conversations OWNER TO pylayer_owner;

COMMENT ON TABLE ai.conversations IS 'Conversations. What is said of one may change, its id, time and messages may not, and it is never removed';

COMMENT ON COLUMN ai.conversations.instance_id IS 'Identity, free text: whatever the caller calls the conversation, else a ULID';

COMMENT ON COLUMN ai.conversations.title IS 'What it is about, in words';

COMMENT ON COLUMN ai.conversations.agent_id IS 'Agent that it is held with, free text';

COMMENT ON COLUMN ai.conversations.run_id IS 'Workflow run that it belongs to, free text';

COMMENT ON COLUMN ai.conversations.project_id IS 'Project it belongs to, free text';

COMMENT ON COLUMN ai.conversations.tags IS 'Object or array to search by containment; null is none';

COMMENT ON COLUMN ai.conversations.metadata IS 'What nobody queries yet, an object; null is none';

COMMENT ON COLUMN ai.conversations.message_count IS 'Messages so far, and so the position of the last one';

COMMENT ON COLUMN ai.conversations.created_at IS 'When it was made';

COMMENT ON COLUMN ai.conversations.updated_at IS 'When a message was appended or a field changed last';

CREATE TABLE ai.messages (
    instance_id text NOT NULL COLLATE pg_catalog."C",
    "position" bigint NOT NULL,
    message_id text NOT NULL COLLATE pg_catalog."C",
    agent_id text,
    role text NOT NULL,
    content text NOT NULL,
    tool_calls jsonb,
    tool_call_id text,
    call_position bigint,
    is_error boolean DEFAULT false NOT NULL,
    metadata jsonb,
    token_count integer NOT NULL,
    is_token_estimate boolean NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    recorded_epoch integer NOT NULL,
    recorded_xid bigint NOT NULL,
    CONSTRAINT messages_agent_id_check CHECK ((length(agent_id) <= 255)),
    CONSTRAINT messages_call_comes_before CHECK (((call_position IS NULL) OR ((tool_call_id IS NOT NULL) AND (call_position < "position")))),
    CONSTRAINT messages_calls_of_an_assistant CHECK (((tool_calls IS NULL) OR ((role = 'assistant'::text) AND ai.is_tool_calls(tool_calls)))),
    CONSTRAINT messages_message_id_check CHECK (((length(message_id) >= 1) AND (length(message_id) <= 255))),
    CONSTRAINT messages_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text)),
    CONSTRAINT messages_position_check CHECK (("position" > 0)),
    CONSTRAINT messages_result_names_its_call CHECK (((role = 'tool'::text) = (tool_call_id IS NOT NULL))),
    CONSTRAINT messages_role_check CHECK ((role = ANY (ARRAY['system'::text, 'developer'::text, 'user'::text, 'assistant'::text, 'tool'::text]))),
    CONSTRAINT messages_token_count_check CHECK ((token_count >= 0)),
    CONSTRAINT messages_tool_call_id_check CHECK (((length(tool_call_id) >= 1) AND (length(tool_call_id) <= 255)))
);

ALTER TABLE ai.messages OWNER TO pylayer_owner;

COMMENT ON TABLE ai.messages IS 'Messages of conversations as they were said. Append-only; positions of a conversation run from 1 without a gap';

COMMENT ON COLUMN ai.messages.instance_id IS 'Conversation';

COMMENT ON COLUMN ai.messages."position" IS 'Place in the conversation, from 1, in the order of commits';

COMMENT ON COLUMN ai.messages.message_id IS 'Identity within the conversation, free text or a ULID: appended again, it is a duplicate';

COMMENT ON COLUMN ai.messages.agent_id IS 'Agent that said it, free text; null is a person, or the agent of the conversation';

COMMENT ON COLUMN ai.messages.role IS 'system, developer, user, assistant, or tool for the result of a tool call';

COMMENT ON COLUMN ai.messages.content IS 'Text; empty for a message that only calls tools';

COMMENT ON COLUMN ai.messages.tool_calls IS 'Tools that an assistant calls, in the messages format; null is none';

COMMENT ON COLUMN ai.messages.tool_call_id IS 'Id of the tool call that a result answers; null for other messages';

COMMENT ON COLUMN ai.messages.call_position IS 'Position of the message with that tool call; null when the conversation has none before the result';

COMMENT ON COLUMN ai.messages.is_error IS 'The message reports a failure';

COMMENT ON COLUMN ai.messages.metadata IS 'What nobody queries yet, an object; null is none';

COMMENT ON COLUMN ai.messages.token_count IS 'Tokens, as given or estimated';

COMMENT ON COLUMN ai.messages.is_token_estimate IS 'token_count is a quarter of the bytes of content and tool_calls, no count';

COMMENT ON COLUMN ai.messages.created_at IS 'When it was appended';

COMMENT ON COLUMN ai.messages.recorded_epoch IS 'Epoch of the cluster that stored it';

COMMENT ON COLUMN ai.messages.recorded_xid IS 'Transaction that stored it; with the epoch, a horizon to read below';

CREATE TABLE ai.models (
    model text NOT NULL COLLATE pg_catalog."C",
    valid_from timestamp with time zone NOT NULL,
    provider text NOT NULL,
    input_usd_per_mtok numeric NOT NULL,
    cached_input_usd_per_mtok numeric NOT NULL,
    output_usd_per_mtok numeric NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT models_cached_input_usd_per_mtok_check CHECK ((((cached_input_usd_per_mtok >= (0)::numeric) AND (cached_input_usd_per_mtok <= (1000000)::numeric)) AND (min_scale(cached_input_usd_per_mtok) <= 6))),
    CONSTRAINT models_input_usd_per_mtok_check CHECK ((((input_usd_per_mtok >= (0)::numeric) AND (input_usd_per_mtok <= (1000000)::numeric)) AND (min_scale(input_usd_per_mtok) <= 6))),
    CONSTRAINT models_model_check CHECK ((model ~ '^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}$'::text)),
    CONSTRAINT models_output_usd_per_mtok_check CHECK ((((output_usd_per_mtok >= (0)::numeric) AND (output_usd_per_mtok <= (1000000)::numeric)) AND (min_scale(output_usd_per_mtok) <= 6))),
    CONSTRAINT models_provider_check CHECK ((provider ~ '^[a-z][a-z0-9_.-]{0,62}$'::text)),
    CONSTRAINT models_valid_from_check CHECK (((valid_from >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (valid_from <= '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ai.models OWNER TO pylayer_owner;

COMMENT ON TABLE ai.models IS 'Prices of models. A row holds from its valid_from until that of the model''s next row. Never changed or removed';

COMMENT ON COLUMN ai.models.model IS 'Name of the model as its provider gives it, without the date of a snapshot';

COMMENT ON COLUMN ai.models.valid_from IS 'From when on the price holds';

COMMENT ON COLUMN ai.models.provider IS 'Who sells it, such as openai';

COMMENT ON COLUMN ai.models.input_usd_per_mtok IS 'USD per million input tokens that were not cached';

COMMENT ON COLUMN ai.models.cached_input_usd_per_mtok IS 'USD per million input tokens read from the provider''s cache';

COMMENT ON COLUMN ai.models.output_usd_per_mtok IS 'USD per million output tokens';

COMMENT ON COLUMN ai.models.created_at IS 'When the row was written';

CREATE TABLE core.schema_files (
    path text NOT NULL,
    kind text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    identity text[],
    CONSTRAINT schema_files_kind_check CHECK ((kind = ANY (ARRAY['migration'::text, 'function'::text, 'view'::text]))),
    CONSTRAINT schema_files_sha256_check CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text))
);

ALTER TABLE core.schema_files OWNER TO pylayer_owner;

COMMENT ON TABLE core.schema_files IS 'Files that made this schema, with the hash that each had when it was applied';

COMMENT ON COLUMN core.schema_files.path IS 'Path below db/';

COMMENT ON COLUMN core.schema_files.kind IS 'migration, function or view';

COMMENT ON COLUMN core.schema_files.sha256 IS 'sha256 of the file, hex';

COMMENT ON COLUMN core.schema_files.applied_at IS 'When it was last applied';

COMMENT ON COLUMN core.schema_files.identity IS 'What the file made: signatures of functions, names of views and triggers';

CREATE TABLE core.settings (
    singleton boolean DEFAULT true NOT NULL,
    inline_limit_bytes integer DEFAULT 512000 NOT NULL,
    max_event_bytes integer DEFAULT 1048576 NOT NULL,
    max_batch_events integer DEFAULT 10000 NOT NULL,
    max_ts_skew interval DEFAULT '1 day'::interval NOT NULL,
    max_clock_ahead interval DEFAULT '00:05:00'::interval NOT NULL,
    months_ahead integer DEFAULT 3 NOT NULL,
    retention_days integer DEFAULT 90 NOT NULL,
    retention_floor core.ulid NOT NULL,
    upload_ttl interval DEFAULT '1 day'::interval NOT NULL,
    upload_grace interval DEFAULT '7 days'::interval NOT NULL,
    epoch integer DEFAULT 1 NOT NULL,
    system_identifier bigint NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    open_month tstzrange,
    open_since timestamp with time zone,
    archive_enabled boolean DEFAULT false NOT NULL,
    retention_grace interval DEFAULT '1 day'::interval NOT NULL,
    checkpoint_keep_last integer,
    checkpoint_keep_days integer,
    run_retention_days integer DEFAULT 90 NOT NULL,
    CONSTRAINT settings_checkpoint_keep_days_check CHECK (((checkpoint_keep_days >= 1) AND (checkpoint_keep_days <= 36500))),
    CONSTRAINT settings_checkpoint_keep_last_check CHECK (((checkpoint_keep_last >= 1) AND (checkpoint_keep_last <= 1000000))),
    CONSTRAINT settings_epoch_check CHECK ((epoch > 0)),
    CONSTRAINT settings_inline_limit_bytes_check CHECK (((inline_limit_bytes >= 0) AND (inline_limit_bytes <= 10485760))),
    CONSTRAINT settings_max_batch_events_check CHECK (((max_batch_events >= 1) AND (max_batch_events <= 100000))),
    CONSTRAINT settings_max_clock_ahead_check CHECK (((max_clock_ahead >= '00:00:00'::interval) AND (max_clock_ahead <= '1 day'::interval))),
    CONSTRAINT settings_max_event_bytes_check CHECK (((max_event_bytes >= 1024) AND (max_event_bytes <= 16777216))),
    CONSTRAINT settings_max_ts_skew_check CHECK (((max_ts_skew >= '00:00:00'::interval) AND (max_ts_skew <= '31 days'::interval))),
    CONSTRAINT settings_months_ahead_check CHECK (((months_ahead >= 1) AND (months_ahead <= 24))),
    CONSTRAINT settings_retention_days_check CHECK (((retention_days >= 1) AND (retention_days <= 36500))),
    CONSTRAINT settings_retention_grace_check CHECK (((retention_grace >= '00:00:00'::interval) AND (retention_grace <= '365 days'::interval))),
    CONSTRAINT settings_run_retention_days_check CHECK (((run_retention_days >= 1) AND (run_retention_days <= 36500))),
    CONSTRAINT settings_singleton_check CHECK (singleton),
    CONSTRAINT settings_upload_grace_check CHECK ((upload_grace >= '00:00:00'::interval)),
    CONSTRAINT settings_upload_ttl_check CHECK ((upload_ttl > '00:00:00'::interval))
);

ALTER TABLE core.settings OWNER TO pylayer_owner;

COMMENT ON TABLE core.settings IS 'One row: the limits and marks that the rules read';

COMMENT ON COLUMN core.settings.singleton IS 'Always true: the table has one row';

COMMENT ON COLUMN core.settings.inline_limit_bytes IS 'Greatest size of inline artifact content, bytes';

COMMENT ON COLUMN core.settings.max_event_bytes IS 'Greatest size of one event, bytes of its jsonb form';

COMMENT ON COLUMN core.settings.max_batch_events IS 'Greatest number of events in one call';

COMMENT ON COLUMN core.settings.max_ts_skew IS 'Greatest distance between an event''s ts and the time in its id; readers widen by it, so it only grows';

COMMENT ON COLUMN core.settings.max_clock_ahead IS 'How far in the future the time in an event id may lie';

COMMENT ON COLUMN core.settings.months_ahead IS 'Monthly partitions that maintenance keeps ready ahead of now';

COMMENT ON COLUMN core.settings.retention_days IS 'Days that raw events are kept at least';

COMMENT ON COLUMN core.settings.retention_floor IS 'Least event id that is accepted; it only grows';

COMMENT ON COLUMN core.settings.upload_ttl IS 'How long a reserved upload may be committed';

COMMENT ON COLUMN core.settings.upload_grace IS 'How long after expiry the leftovers of an upload are deleted again';

COMMENT ON COLUMN core.settings.epoch IS 'Number of clusters this data has lived in; orders transaction ids of different clusters';

COMMENT ON COLUMN core.settings.system_identifier IS 'pg_control_system().system_identifier of the epoch''s cluster';

COMMENT ON COLUMN core.settings.updated_at IS 'Last change';

COMMENT ON COLUMN core.settings.open_month IS 'The latest month whose partition is known to be there for every session; telemetry.note_open_month sets it';

COMMENT ON COLUMN core.settings.open_since IS 'Start of the server''s run in which open_month and the cluster''s identity were looked up; in another run they are looked up anew';

COMMENT ON COLUMN core.settings.archive_enabled IS 'A month goes to object storage, and is read back, before it is dropped';

COMMENT ON COLUMN core.settings.retention_grace IS 'How long after the retention floor has passed a month its events stay in the table at least';

COMMENT ON COLUMN core.settings.checkpoint_keep_last IS 'Latest checkpoints of a thread and namespace that maintenance keeps; null with checkpoint_keep_days null keeps all, else 1';

COMMENT ON COLUMN core.settings.checkpoint_keep_days IS 'Days that maintenance keeps a checkpoint at least; null is none but what checkpoint_keep_last says';

COMMENT ON COLUMN core.settings.run_retention_days IS 'Days that an ended run is kept at least, with its steps, signals and spans';

CREATE TABLE iam.api_keys (
    key_id core.ulid DEFAULT core.new_ulid() NOT NULL,
    name text NOT NULL,
    prefix text NOT NULL,
    key_hash text NOT NULL,
    role text NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    CONSTRAINT api_keys_expires_at_check CHECK ((expires_at <= '9999-12-31 00:00:00+00'::timestamp with time zone)),
    CONSTRAINT api_keys_key_hash_check CHECK ((key_hash ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT api_keys_name_check CHECK (((length(btrim(name)) >= 1) AND (length(btrim(name)) <= 200))),
    CONSTRAINT api_keys_prefix_check CHECK ((prefix ~ '^[A-Za-z0-9_-]{4,20}$'::text)),
    CONSTRAINT api_keys_role_check CHECK ((role = ANY (ARRAY['pylayer_agent'::text, 'pylayer_analyst'::text, 'pylayer_auditor'::text, 'pylayer_admin'::text]))),
    CONSTRAINT api_keys_scopes_check CHECK ((scopes <@ ARRAY['events:write'::text, 'events:read'::text, 'artifacts:write'::text, 'artifacts:read'::text, 'models:read'::text]))
)
WITH (fillfactor='85');

ALTER TABLE iam.api_keys OWNER TO pylayer_owner;

COMMENT ON TABLE iam.api_keys IS 'API keys. The secret is not here, only its hash. What a key may never changes; it is revoked once, and never removed';

COMMENT ON COLUMN iam.api_keys.key_id IS 'ULID';

COMMENT ON COLUMN iam.api_keys.name IS 'What the key is for, in words';

COMMENT ON COLUMN iam.api_keys.prefix IS 'First characters of the secret, to tell keys apart; no secret';

COMMENT ON COLUMN iam.api_keys.key_hash IS 'sha256 of the whole secret, lower-case hex';

COMMENT ON COLUMN iam.api_keys.role IS 'Database role that requests with the key run under';

COMMENT ON COLUMN iam.api_keys.scopes IS 'What the key may be used for, sorted; empty is nothing';

COMMENT ON COLUMN iam.api_keys.created_at IS 'When it was made';

COMMENT ON COLUMN iam.api_keys.expires_at IS 'From when on it is refused; null is never';

COMMENT ON COLUMN iam.api_keys.revoked_at IS 'Since when it is refused for good; null is not';

COMMENT ON COLUMN iam.api_keys.last_used_at IS 'When it was last used, to the minute; null is never';

CREATE TABLE iam.users (
    user_id core.ulid DEFAULT core.new_ulid() NOT NULL,
    username text NOT NULL COLLATE pg_catalog."C",
    display_name text,
    email text,
    is_service_account boolean DEFAULT false NOT NULL,
    github_login text,
    github_node_id text,
    preferences jsonb,
    metadata jsonb,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT users_display_name_check CHECK (((length(display_name) >= 1) AND (length(display_name) <= 200))),
    CONSTRAINT users_email_check CHECK (((length(email) <= 320) AND (email ~ '^[^@[:space:]]+@[^@[:space:]]+$'::text))),
    CONSTRAINT users_github_login_check CHECK (((length(github_login) >= 1) AND (length(github_login) <= 100))),
    CONSTRAINT users_github_node_id_check CHECK (((length(github_node_id) >= 1) AND (length(github_node_id) <= 200))),
    CONSTRAINT users_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text)),
    CONSTRAINT users_preferences_check CHECK ((jsonb_typeof(preferences) = 'object'::text)),
    CONSTRAINT users_username_check CHECK ((username ~ '^[a-z0-9][a-z0-9._-]{0,62}$'::text))
);

ALTER TABLE iam.users OWNER TO pylayer_owner;

COMMENT ON TABLE iam.users IS 'People and service accounts that work is assigned to';

COMMENT ON COLUMN iam.users.user_id IS 'ULID';

COMMENT ON COLUMN iam.users.username IS 'Short name, lower case';

COMMENT ON COLUMN iam.users.display_name IS 'Name as people read it';

COMMENT ON COLUMN iam.users.email IS 'Address; null is not known';

COMMENT ON COLUMN iam.users.is_service_account IS 'A program, not a person';

COMMENT ON COLUMN iam.users.github_login IS 'Login on GitHub';

COMMENT ON COLUMN iam.users.github_node_id IS 'Node id on GitHub, which outlives a rename';

COMMENT ON COLUMN iam.users.preferences IS 'What the user chose, an object';

COMMENT ON COLUMN iam.users.metadata IS 'Whatever else, an object';

COMMENT ON COLUMN iam.users.created_at IS 'When it was made';

COMMENT ON COLUMN iam.users.updated_at IS 'Last change';

COMMENT ON COLUMN iam.users.deleted_at IS 'Since when it counts as removed; null is not';

CREATE TABLE telemetry.archives (
    month timestamp with time zone NOT NULL,
    storage_key text NOT NULL,
    rows bigint NOT NULL,
    size_bytes bigint NOT NULL,
    content_hash text NOT NULL,
    min_event_id core.ulid,
    max_event_id core.ulid,
    archived_at timestamp with time zone DEFAULT now() NOT NULL,
    verified_at timestamp with time zone,
    rows_hash text,
    CONSTRAINT archives_check CHECK ((((rows = 0) = (min_event_id IS NULL)) AND ((rows = 0) = (max_event_id IS NULL)) AND ((min_event_id)::text <= (max_event_id)::text))),
    CONSTRAINT archives_content_hash_check CHECK ((content_hash ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT archives_rows_check CHECK ((rows >= 0)),
    CONSTRAINT archives_rows_hash_check CHECK ((rows_hash ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT archives_size_bytes_check CHECK ((size_bytes > 0))
);

ALTER TABLE telemetry.archives OWNER TO pylayer_owner;

COMMENT ON TABLE telemetry.archives IS 'Months in object storage, one Parquet file each';

COMMENT ON COLUMN telemetry.archives.month IS 'Start of the month, UTC';

COMMENT ON COLUMN telemetry.archives.storage_key IS 'Key of the file in the bucket';

COMMENT ON COLUMN telemetry.archives.rows IS 'Events in the file';

COMMENT ON COLUMN telemetry.archives.size_bytes IS 'Size of the file';

COMMENT ON COLUMN telemetry.archives.content_hash IS 'sha256 of the file, hex';

COMMENT ON COLUMN telemetry.archives.min_event_id IS 'Least event id in the file; null when it has no event';

COMMENT ON COLUMN telemetry.archives.max_event_id IS 'Greatest event id in the file; null when it has no event';

COMMENT ON COLUMN telemetry.archives.archived_at IS 'When it was stored';

COMMENT ON COLUMN telemetry.archives.verified_at IS 'When it was last read back whole and found right; null: never';

COMMENT ON COLUMN telemetry.archives.rows_hash IS 'Digest of the rows by telemetry.month_digest, hex: what a restored month must have; null for archives that are older than it';

CREATE TABLE telemetry.cycle_rollups (
    item_type text NOT NULL COLLATE pg_catalog."C",
    seconds_sum numeric NOT NULL,
    seconds_histogram bigint[] NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE telemetry.cycle_rollups OWNER TO pylayer_owner;

COMMENT ON TABLE telemetry.cycle_rollups IS 'Cycle times of items that succeeded, by type, over all time; only grows: an item that succeeds again counts again';

COMMENT ON COLUMN telemetry.cycle_rollups.item_type IS 'story, task, workflow_run, ...';

COMMENT ON COLUMN telemetry.cycle_rollups.seconds_sum IS 'Sum of the seconds from an item''s first change of state to its success';

COMMENT ON COLUMN telemetry.cycle_rollups.seconds_histogram IS 'Items by those seconds: one count a bucket of telemetry.cycle_bounds_seconds, not cumulative, the last one above all bounds';

CREATE TABLE telemetry.event_rollups (
    grain text NOT NULL,
    bucket timestamp with time zone NOT NULL,
    series_id uuid NOT NULL,
    event_name text NOT NULL,
    workflow_name text,
    agent_role text,
    labels jsonb NOT NULL,
    events bigint NOT NULL,
    input_tokens numeric NOT NULL,
    cached_input_tokens numeric NOT NULL,
    output_tokens numeric NOT NULL,
    cost_usd numeric NOT NULL,
    duration_ms_sum numeric NOT NULL,
    duration_histogram bigint[],
    CONSTRAINT event_rollups_check CHECK (((grain = 'all'::text) = (bucket = '-infinity'::timestamp with time zone))),
    CONSTRAINT event_rollups_grain_check CHECK ((grain = ANY (ARRAY['hour'::text, 'day'::text, 'all'::text])))
)
WITH (fillfactor='80');

ALTER TABLE telemetry.event_rollups OWNER TO pylayer_owner;

COMMENT ON TABLE telemetry.event_rollups IS 'Events counted by hour, by day and over all time, by name, workflow, role and the payload''s own labels; kept for ever';

COMMENT ON COLUMN telemetry.event_rollups.grain IS 'hour, day, or all: the running totals';

COMMENT ON COLUMN telemetry.event_rollups.bucket IS 'Start of the hour or day of ts, UTC; -infinity for all';

COMMENT ON COLUMN telemetry.event_rollups.series_id IS 'First half of the sha256 of name, workflow, role and labels: a key of fixed size, whatever their length';

COMMENT ON COLUMN telemetry.event_rollups.event_name IS 'Name of the event type';

COMMENT ON COLUMN telemetry.event_rollups.workflow_name IS 'Workflow, or null';

COMMENT ON COLUMN telemetry.event_rollups.agent_role IS 'Role of the agent that reported it, or null';

COMMENT ON COLUMN telemetry.event_rollups.labels IS 'The keys of telemetry.label_keys that the payload has, the first 128 characters of each; empty for other types';

COMMENT ON COLUMN telemetry.event_rollups.events IS 'Number of events';

COMMENT ON COLUMN telemetry.event_rollups.input_tokens IS 'Sum over steps, the cached ones included';

COMMENT ON COLUMN telemetry.event_rollups.cached_input_tokens IS 'Sum over steps';

COMMENT ON COLUMN telemetry.event_rollups.output_tokens IS 'Sum over steps';

COMMENT ON COLUMN telemetry.event_rollups.cost_usd IS 'Sum of the estimated cost of steps, USD';

COMMENT ON COLUMN telemetry.event_rollups.duration_ms_sum IS 'Sum over steps, milliseconds';

COMMENT ON COLUMN telemetry.event_rollups.duration_histogram IS 'Steps by duration: one count a bucket of telemetry.duration_bounds_ms, not cumulative, the last one above all bounds; null without durations';

CREATE TABLE telemetry.event_types (
    event_name text NOT NULL,
    event_version integer NOT NULL,
    description text NOT NULL,
    contract jsonb NOT NULL,
    validator jsonpath GENERATED ALWAYS AS (telemetry.contract_validator(contract)) STORED NOT NULL,
    has_max_length boolean GENERATED ALWAYS AS ((contract @? '$."properties".*."maxLength"'::jsonpath)) STORED NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT event_types_event_name_check CHECK (((length(event_name) <= 100) AND (event_name ~ '^[a-z][a-z0-9_]*([.][a-z][a-z0-9_]*)+$'::text))),
    CONSTRAINT event_types_event_version_check CHECK ((event_version > 0)),
    CONSTRAINT usable_contract CHECK ((telemetry.contract_problem(contract) IS NULL))
)
WITH (toast_tuple_target='8160', autovacuum_analyze_threshold='1', autovacuum_analyze_scale_factor='0');

ALTER TABLE telemetry.event_types OWNER TO pylayer_owner;

COMMENT ON TABLE telemetry.event_types IS 'Payload contracts: what an event of a name and version must carry';

COMMENT ON COLUMN telemetry.event_types.event_name IS 'Dotted lower-case name, such as workflow.step_completed';

COMMENT ON COLUMN telemetry.event_types.event_version IS 'Version of the contract, from 1';

COMMENT ON COLUMN telemetry.event_types.description IS 'What the event says, in a sentence';

COMMENT ON COLUMN telemetry.event_types.contract IS 'JSON Schema subset: required, properties with type, enum, minimum, maximum, maxLength, description';

COMMENT ON COLUMN telemetry.event_types.validator IS 'The contract compiled to a jsonpath predicate over the payload';

COMMENT ON COLUMN telemetry.event_types.has_max_length IS 'The contract has a maxLength, which jsonpath cannot check';

COMMENT ON COLUMN telemetry.event_types.created_at IS 'When it was registered';

CREATE TABLE telemetry.ingest_counts (
    counted_at timestamp with time zone DEFAULT now() NOT NULL,
    duplicates bigint NOT NULL,
    conflicts bigint NOT NULL,
    CONSTRAINT ingest_counts_conflicts_check CHECK ((conflicts >= 0)),
    CONSTRAINT ingest_counts_duplicates_check CHECK ((duplicates >= 0))
);

ALTER TABLE telemetry.ingest_counts OWNER TO pylayer_owner;

COMMENT ON TABLE telemetry.ingest_counts IS 'Repeated events, one row a call that met any; folded into one row by telemetry.fold_ingest_counts';

COMMENT ON COLUMN telemetry.ingest_counts.counted_at IS 'When they arrived, or when they were folded';

COMMENT ON COLUMN telemetry.ingest_counts.duplicates IS 'Events that were already stored with the same content';

COMMENT ON COLUMN telemetry.ingest_counts.conflicts IS 'Events whose id was already stored with other content';

CREATE TABLE telemetry.item_rollups (
    item_id text NOT NULL,
    item_type text NOT NULL,
    project_id text,
    state text,
    outcome text,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    state_since timestamp with time zone,
    state_seconds jsonb DEFAULT '{}'::jsonb NOT NULL,
    transitions bigint DEFAULT 0 NOT NULL,
    bounces bigint DEFAULT 0 NOT NULL,
    state_bounces jsonb DEFAULT '{}'::jsonb NOT NULL,
    events bigint DEFAULT 0 NOT NULL,
    steps bigint DEFAULT 0 NOT NULL,
    failed_steps bigint DEFAULT 0 NOT NULL,
    input_tokens numeric DEFAULT 0 NOT NULL,
    cached_input_tokens numeric DEFAULT 0 NOT NULL,
    output_tokens numeric DEFAULT 0 NOT NULL,
    cost_usd numeric DEFAULT 0 NOT NULL,
    state_event_id text COLLATE pg_catalog."C",
    CONSTRAINT item_rollups_outcome_check CHECK ((outcome = ANY (ARRAY['succeeded'::text, 'failed'::text, 'cancelled'::text])))
)
WITH (fillfactor='80');

ALTER TABLE telemetry.item_rollups OWNER TO pylayer_owner;

COMMENT ON TABLE telemetry.item_rollups IS 'One row an item, kept for ever. Events tell their item, not its type: what they used stands in the row of the type that changed state first';

COMMENT ON COLUMN telemetry.item_rollups.item_id IS 'The item; for item_type workflow_run its run_id';

COMMENT ON COLUMN telemetry.item_rollups.item_type IS 'As its changes of state tell it; empty while there is none';

COMMENT ON COLUMN telemetry.item_rollups.project_id IS 'Its project; the least where its events name several';

COMMENT ON COLUMN telemetry.item_rollups.state IS 'State after its last change by time';

COMMENT ON COLUMN telemetry.item_rollups.outcome IS 'What that state means by telemetry.state_outcome; null while it is open';

COMMENT ON COLUMN telemetry.item_rollups.started_at IS 'When its first change of state was';

COMMENT ON COLUMN telemetry.item_rollups.ended_at IS 'When it came into its state, if that is an outcome';

COMMENT ON COLUMN telemetry.item_rollups.state_since IS 'When it came into its state';

COMMENT ON COLUMN telemetry.item_rollups.state_seconds IS 'Seconds spent in each state that it has left';

COMMENT ON COLUMN telemetry.item_rollups.transitions IS 'Number of changes of state';

COMMENT ON COLUMN telemetry.item_rollups.bounces IS 'How often it came into a state in which it had been before';

COMMENT ON COLUMN telemetry.item_rollups.state_bounces IS 'The same by state, those with none left out';

COMMENT ON COLUMN telemetry.item_rollups.events IS 'Number of events with its item_id';

COMMENT ON COLUMN telemetry.item_rollups.steps IS 'Steps completed, failed and skipped ones included';

COMMENT ON COLUMN telemetry.item_rollups.failed_steps IS 'Steps that failed';

COMMENT ON COLUMN telemetry.item_rollups.input_tokens IS 'Sum over its steps, the cached ones included';

COMMENT ON COLUMN telemetry.item_rollups.cached_input_tokens IS 'Sum over its steps';

COMMENT ON COLUMN telemetry.item_rollups.output_tokens IS 'Sum over its steps';

COMMENT ON COLUMN telemetry.item_rollups.cost_usd IS 'Sum of the estimated cost of its steps, USD';

COMMENT ON COLUMN telemetry.item_rollups.state_event_id IS 'The event of its last change by time; null where that was counted before this column was there';

CREATE TABLE telemetry.month_rollups (
    month timestamp with time zone NOT NULL,
    events bigint NOT NULL
);

ALTER TABLE telemetry.month_rollups OWNER TO pylayer_owner;

COMMENT ON TABLE telemetry.month_rollups IS 'Counted events by the month of their id: what a dropped month is compared with';

COMMENT ON COLUMN telemetry.month_rollups.month IS 'Start of the month, UTC';

COMMENT ON COLUMN telemetry.month_rollups.events IS 'Number of its events that are in the rollups';

CREATE TABLE telemetry.retired_months (
    month timestamp with time zone NOT NULL,
    raised_at timestamp with time zone DEFAULT now() NOT NULL,
    sealed_at timestamp with time zone,
    events bigint,
    dropped_at timestamp with time zone,
    restoring_since timestamp with time zone,
    kept_until timestamp with time zone,
    CONSTRAINT retired_months_check CHECK (((sealed_at IS NULL) = (events IS NULL))),
    CONSTRAINT retired_months_check1 CHECK (((dropped_at IS NULL) OR (sealed_at IS NOT NULL))),
    CONSTRAINT retired_months_check2 CHECK (((restoring_since IS NULL) OR (dropped_at IS NOT NULL))),
    CONSTRAINT retired_months_events_check CHECK ((events >= 0)),
    CONSTRAINT retired_months_month_check CHECK ((month = (date_trunc('month'::text, (month AT TIME ZONE 'UTC'::text)) AT TIME ZONE 'UTC'::text)))
);

ALTER TABLE telemetry.retired_months OWNER TO pylayer_owner;

COMMENT ON TABLE telemetry.retired_months IS 'Months below the retention floor and how far each has come: sealed, counted, archived, detached, dropped';

COMMENT ON COLUMN telemetry.retired_months.month IS 'Start of the month, UTC';

COMMENT ON COLUMN telemetry.retired_months.raised_at IS 'When maintenance first saw the month below the floor';

COMMENT ON COLUMN telemetry.retired_months.sealed_at IS 'Since when nothing can be added to it';

COMMENT ON COLUMN telemetry.retired_months.events IS 'Events in it when it was sealed: the number for ever';

COMMENT ON COLUMN telemetry.retired_months.dropped_at IS 'When it was dropped; null again once it is restored';

COMMENT ON COLUMN telemetry.retired_months.restoring_since IS 'When an archive''s restore began that has not ended';

COMMENT ON COLUMN telemetry.retired_months.kept_until IS 'Until when a restored month stays';

CREATE TABLE telemetry.rollup_progress (
    singleton boolean DEFAULT true NOT NULL,
    epoch integer DEFAULT 1 NOT NULL,
    xid bigint DEFAULT 0 NOT NULL,
    event_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    events bigint DEFAULT 0 NOT NULL,
    refreshed_at timestamp with time zone,
    CONSTRAINT rollup_progress_epoch_check CHECK ((epoch > 0)),
    CONSTRAINT rollup_progress_singleton_check CHECK (singleton)
);

ALTER TABLE telemetry.rollup_progress OWNER TO pylayer_owner;

COMMENT ON TABLE telemetry.rollup_progress IS 'One row: all events up to (epoch, xid, event_id), in the order in which they were recorded, are counted, each once';

COMMENT ON COLUMN telemetry.rollup_progress.singleton IS 'Always true: the table has one row';

COMMENT ON COLUMN telemetry.rollup_progress.epoch IS 'recorded_epoch of the last event that is counted';

COMMENT ON COLUMN telemetry.rollup_progress.xid IS 'Its recorded_xid';

COMMENT ON COLUMN telemetry.rollup_progress.event_id IS 'Its event_id';

COMMENT ON COLUMN telemetry.rollup_progress.events IS 'Events counted so far';

COMMENT ON COLUMN telemetry.rollup_progress.refreshed_at IS 'When the last refresh was; null before the first';

CREATE TABLE telemetry.run_rollups (
    run_id text NOT NULL,
    workflow_name text,
    project_id text,
    state text,
    outcome text,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    last_event_at timestamp with time zone NOT NULL,
    events bigint NOT NULL,
    steps bigint NOT NULL,
    failed_steps bigint NOT NULL,
    input_tokens numeric NOT NULL,
    cached_input_tokens numeric NOT NULL,
    output_tokens numeric NOT NULL,
    cost_usd numeric NOT NULL,
    duration_ms_sum numeric NOT NULL,
    CONSTRAINT run_rollups_outcome_check CHECK ((outcome = ANY (ARRAY['succeeded'::text, 'failed'::text, 'cancelled'::text])))
)
WITH (fillfactor='80');

ALTER TABLE telemetry.run_rollups OWNER TO pylayer_owner;

COMMENT ON TABLE telemetry.run_rollups IS 'One row a run, kept for ever';

COMMENT ON COLUMN telemetry.run_rollups.run_id IS 'The run';

COMMENT ON COLUMN telemetry.run_rollups.workflow_name IS 'Its workflow; the least where its events name several';

COMMENT ON COLUMN telemetry.run_rollups.project_id IS 'Its project; the least where its events name several';

COMMENT ON COLUMN telemetry.run_rollups.state IS 'State after its last change by time; null when none was reported';

COMMENT ON COLUMN telemetry.run_rollups.outcome IS 'What that state means by telemetry.state_outcome; null while it is open';

COMMENT ON COLUMN telemetry.run_rollups.started_at IS 'Time of its first event';

COMMENT ON COLUMN telemetry.run_rollups.ended_at IS 'When it came into its state, if that is an outcome';

COMMENT ON COLUMN telemetry.run_rollups.last_event_at IS 'Time of its last event';

COMMENT ON COLUMN telemetry.run_rollups.events IS 'Number of its events';

COMMENT ON COLUMN telemetry.run_rollups.steps IS 'Steps completed, failed and skipped ones included';

COMMENT ON COLUMN telemetry.run_rollups.failed_steps IS 'Steps that failed';

COMMENT ON COLUMN telemetry.run_rollups.input_tokens IS 'Sum over its steps, the cached ones included';

COMMENT ON COLUMN telemetry.run_rollups.cached_input_tokens IS 'Sum over its steps';

COMMENT ON COLUMN telemetry.run_rollups.output_tokens IS 'Sum over its steps';

COMMENT ON COLUMN telemetry.run_rollups.cost_usd IS 'Sum of the estimated cost of its steps, USD';

COMMENT ON COLUMN telemetry.run_rollups.duration_ms_sum IS 'Sum over its steps, milliseconds; steps may overlap';

CREATE VIEW telemetry.v_bounces AS
 WITH started AS (
         SELECT r.item_type,
            r.bounces,
            r.state_bounces,
            (date_trunc('month'::text, (r.started_at AT TIME ZONE 'UTC'::text)) AT TIME ZONE 'UTC'::text) AS month
           FROM telemetry.item_rollups r
          WHERE (r.started_at IS NOT NULL)
        ), totals AS (
         SELECT s_1.month,
            s_1.item_type,
            count(*) AS items
           FROM started s_1
          GROUP BY s_1.month, s_1.item_type
        )
 SELECT t.month,
    t.item_type,
    b.state,
    t.items,
    count(*) AS bounced_items,
    (sum((b.times)::bigint))::bigint AS bounces
   FROM ((totals t
     JOIN started s ON (((t.month = s.month) AND (t.item_type = s.item_type))))
     CROSS JOIN LATERAL jsonb_each_text(s.state_bounces) b(state, times))
  WHERE (s.bounces > 0)
  GROUP BY t.month, t.item_type, t.items, b.state;

ALTER VIEW telemetry.v_bounces OWNER TO pylayer_owner;

COMMENT ON VIEW telemetry.v_bounces IS 'States that items entered again, by the month of an item''s first change of state and its type';

COMMENT ON COLUMN telemetry.v_bounces.month IS 'Start of the month, UTC';

COMMENT ON COLUMN telemetry.v_bounces.item_type IS 'story, task, workflow_run, ...';

COMMENT ON COLUMN telemetry.v_bounces.state IS 'The state that was entered again';

COMMENT ON COLUMN telemetry.v_bounces.items IS 'All items of that month and type';

COMMENT ON COLUMN telemetry.v_bounces.bounced_items IS 'Those that entered the state again';

COMMENT ON COLUMN telemetry.v_bounces.bounces IS 'How often they did';

CREATE VIEW telemetry.v_cycle_time AS
 WITH ended AS (
         SELECT i.item_type,
            i.outcome,
            (date_trunc('month'::text, (i.ended_at AT TIME ZONE 'UTC'::text)) AT TIME ZONE 'UTC'::text) AS month,
            (EXTRACT(epoch FROM (i.ended_at - i.started_at)))::double precision AS seconds
           FROM telemetry.item_rollups i
          WHERE (i.ended_at IS NOT NULL)
        )
 SELECT month,
    item_type,
    outcome,
    count(*) AS items,
    avg(seconds) AS mean_seconds,
    percentile_cont((0.5)::double precision) WITHIN GROUP (ORDER BY seconds) AS median_seconds,
    percentile_cont((0.9)::double precision) WITHIN GROUP (ORDER BY seconds) AS p90_seconds
   FROM ended e
  GROUP BY month, item_type, outcome;

ALTER VIEW telemetry.v_cycle_time OWNER TO pylayer_owner;

COMMENT ON VIEW telemetry.v_cycle_time IS 'Cycle time of items by the month in which they ended, type and outcome: from the first change of state to the end';

COMMENT ON COLUMN telemetry.v_cycle_time.month IS 'Start of the month, UTC';

COMMENT ON COLUMN telemetry.v_cycle_time.item_type IS 'story, task, workflow_run, ...';

COMMENT ON COLUMN telemetry.v_cycle_time.outcome IS 'succeeded, failed or cancelled';

COMMENT ON COLUMN telemetry.v_cycle_time.items IS 'Items that ended in that month';

COMMENT ON COLUMN telemetry.v_cycle_time.mean_seconds IS 'Mean cycle time';

COMMENT ON COLUMN telemetry.v_cycle_time.median_seconds IS 'Median cycle time';

COMMENT ON COLUMN telemetry.v_cycle_time.p90_seconds IS 'Cycle time that nine of ten items do not exceed';

CREATE VIEW telemetry.v_flow_issues AS
 WITH issues AS (
         SELECT r.grain,
            r.bucket,
            r.series_id,
            r.event_name,
            r.workflow_name,
            r.agent_role,
            r.labels,
            r.events,
            r.input_tokens,
            r.cached_input_tokens,
            r.output_tokens,
            r.cost_usd,
            r.duration_ms_sum,
            r.duration_histogram,
            (r.labels ->> 'issue_type'::text) AS issue_type,
            (r.labels ->> 'impact'::text) AS impact
           FROM telemetry.event_rollups r
          WHERE ((r.event_name = 'workflow.flow_issue'::text) AND (r.grain = 'day'::text))
        )
 SELECT bucket AS day,
    workflow_name,
    agent_role,
    issue_type,
    impact,
    events AS issues
   FROM issues i;

ALTER VIEW telemetry.v_flow_issues OWNER TO pylayer_owner;

COMMENT ON VIEW telemetry.v_flow_issues IS 'Flow issues by day, workflow, role, type and impact; filter by day';

COMMENT ON COLUMN telemetry.v_flow_issues.day IS 'Start of the day, UTC';

COMMENT ON COLUMN telemetry.v_flow_issues.workflow_name IS 'Workflow, or null';

COMMENT ON COLUMN telemetry.v_flow_issues.agent_role IS 'Role of the agent that reported it, or null';

COMMENT ON COLUMN telemetry.v_flow_issues.issue_type IS 'Kind of friction';

COMMENT ON COLUMN telemetry.v_flow_issues.impact IS 'What it costs';

COMMENT ON COLUMN telemetry.v_flow_issues.issues IS 'Number of issues';

CREATE VIEW telemetry.v_gap_escape_rate AS
 WITH found AS (
         SELECT r.workflow_name,
            r.events,
            (date_trunc('month'::text, (r.bucket AT TIME ZONE 'UTC'::text)) AT TIME ZONE 'UTC'::text) AS month,
            (r.labels ->> 'gap_type'::text) AS gap_type,
            (r.labels ->> 'severity'::text) AS severity,
            (r.labels ? 'stage_introduced'::text) AS is_traced,
            ((r.labels ? 'stage_introduced'::text) AND ((r.labels ->> 'stage_introduced'::text) <> (r.labels ->> 'stage_found'::text))) AS is_escaped
           FROM telemetry.event_rollups r
          WHERE ((r.event_name = 'workflow.gap_found'::text) AND (r.grain = 'day'::text))
        )
 SELECT month,
    workflow_name,
    gap_type,
    severity,
    (sum(events))::bigint AS gaps,
    (COALESCE(sum(events) FILTER (WHERE is_traced), (0)::numeric))::bigint AS traced_gaps,
    (COALESCE(sum(events) FILTER (WHERE is_escaped), (0)::numeric))::bigint AS escaped_gaps,
    round((COALESCE(sum(events) FILTER (WHERE is_escaped), (0)::numeric) / sum(events) FILTER (WHERE is_traced)), 4) AS escape_rate
   FROM found f
  GROUP BY month, workflow_name, gap_type, severity;

ALTER VIEW telemetry.v_gap_escape_rate OWNER TO pylayer_owner;

COMMENT ON VIEW telemetry.v_gap_escape_rate IS 'Gaps by month, workflow, type and severity, and the share that left the stage that it came from unseen';

COMMENT ON COLUMN telemetry.v_gap_escape_rate.month IS 'Start of the month, UTC';

COMMENT ON COLUMN telemetry.v_gap_escape_rate.workflow_name IS 'Workflow, or null';

COMMENT ON COLUMN telemetry.v_gap_escape_rate.gap_type IS 'Kind of gap';

COMMENT ON COLUMN telemetry.v_gap_escape_rate.severity IS 'info, low, medium, high or critical';

COMMENT ON COLUMN telemetry.v_gap_escape_rate.gaps IS 'Gaps found';

COMMENT ON COLUMN telemetry.v_gap_escape_rate.traced_gaps IS 'Those whose stage of origin is known';

COMMENT ON COLUMN telemetry.v_gap_escape_rate.escaped_gaps IS 'Those of them that were found in another stage';

COMMENT ON COLUMN telemetry.v_gap_escape_rate.escape_rate IS 'escaped_gaps over traced_gaps; null when none is traced';

CREATE VIEW telemetry.v_post_ready_churn AS
 WITH changes AS (
         SELECT r.grain,
            r.bucket,
            r.series_id,
            r.event_name,
            r.workflow_name,
            r.agent_role,
            r.labels,
            r.events,
            r.input_tokens,
            r.cached_input_tokens,
            r.output_tokens,
            r.cost_usd,
            r.duration_ms_sum,
            r.duration_histogram,
            (r.labels ->> 'change_type'::text) AS change_type,
            (r.labels ->> 'cause_stage'::text) AS cause_stage,
            ((r.labels ->> 'post_ready'::text))::boolean AS post_ready
           FROM telemetry.event_rollups r
          WHERE ((r.event_name = 'workflow.story_changed'::text) AND (r.grain = 'day'::text))
        )
 SELECT bucket AS day,
    workflow_name,
    agent_role,
    change_type,
    cause_stage,
    post_ready,
    events AS changes
   FROM changes c;

ALTER VIEW telemetry.v_post_ready_churn OWNER TO pylayer_owner;

COMMENT ON VIEW telemetry.v_post_ready_churn IS 'Changes of stories by day, workflow, role, kind, the stage that made them necessary and whether the story had been ready; filter by day';

COMMENT ON COLUMN telemetry.v_post_ready_churn.day IS 'Start of the day, UTC';

COMMENT ON COLUMN telemetry.v_post_ready_churn.workflow_name IS 'Workflow, or null';

COMMENT ON COLUMN telemetry.v_post_ready_churn.agent_role IS 'Role of the agent that reported it, or null';

COMMENT ON COLUMN telemetry.v_post_ready_churn.change_type IS 'Kind of change';

COMMENT ON COLUMN telemetry.v_post_ready_churn.cause_stage IS 'Stage that made it necessary';

COMMENT ON COLUMN telemetry.v_post_ready_churn.post_ready IS 'Whether the story had been ready; null where nobody said';

COMMENT ON COLUMN telemetry.v_post_ready_churn.changes IS 'Number of changes';

CREATE VIEW telemetry.v_run_summary AS
 SELECT workflow_name,
    date_bin('1 day'::interval, started_at, '2000-01-01 00:00:00+00'::timestamp with time zone) AS day,
    count(*) AS runs,
    count(*) FILTER (WHERE (outcome = 'succeeded'::text)) AS succeeded,
    count(*) FILTER (WHERE (outcome = 'failed'::text)) AS failed,
    count(*) FILTER (WHERE (outcome = 'cancelled'::text)) AS cancelled,
    count(*) FILTER (WHERE (outcome IS NULL)) AS open,
    round(((count(*) FILTER (WHERE (outcome = 'succeeded'::text)))::numeric / (NULLIF(count(*) FILTER (WHERE (outcome = ANY (ARRAY['succeeded'::text, 'failed'::text]))), 0))::numeric), 4) AS success_rate,
    (sum(steps))::bigint AS steps,
    (sum(failed_steps))::bigint AS failed_steps,
    sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens,
    sum(cost_usd) AS cost_usd,
    round(EXTRACT(epoch FROM avg((ended_at - started_at))), 3) AS mean_seconds
   FROM telemetry.run_rollups r
  GROUP BY workflow_name, (date_bin('1 day'::interval, started_at, '2000-01-01 00:00:00+00'::timestamp with time zone));

ALTER VIEW telemetry.v_run_summary OWNER TO pylayer_owner;

COMMENT ON VIEW telemetry.v_run_summary IS 'Runs by the day of their first event and workflow; filter by day';

COMMENT ON COLUMN telemetry.v_run_summary.workflow_name IS 'Workflow, or null';

COMMENT ON COLUMN telemetry.v_run_summary.day IS 'Start of the day, UTC';

COMMENT ON COLUMN telemetry.v_run_summary.runs IS 'Runs that began on that day';

COMMENT ON COLUMN telemetry.v_run_summary.succeeded IS 'Those that have succeeded';

COMMENT ON COLUMN telemetry.v_run_summary.failed IS 'Those that have failed';

COMMENT ON COLUMN telemetry.v_run_summary.cancelled IS 'Those that were cancelled';

COMMENT ON COLUMN telemetry.v_run_summary.open IS 'Those whose outcome is not known';

COMMENT ON COLUMN telemetry.v_run_summary.success_rate IS 'Share of those that succeeded among those that succeeded or failed';

COMMENT ON COLUMN telemetry.v_run_summary.steps IS 'Steps completed, failed and skipped ones included';

COMMENT ON COLUMN telemetry.v_run_summary.failed_steps IS 'Steps that failed';

COMMENT ON COLUMN telemetry.v_run_summary.input_tokens IS 'Sum, the cached ones included';

COMMENT ON COLUMN telemetry.v_run_summary.output_tokens IS 'Sum';

COMMENT ON COLUMN telemetry.v_run_summary.cost_usd IS 'Estimated cost, USD';

COMMENT ON COLUMN telemetry.v_run_summary.mean_seconds IS 'Mean time from the first event to the end, of runs that ended';

CREATE VIEW telemetry.v_step_cost AS
 WITH steps AS (
         SELECT r.grain,
            r.bucket,
            r.series_id,
            r.event_name,
            r.workflow_name,
            r.agent_role,
            r.labels,
            r.events,
            r.input_tokens,
            r.cached_input_tokens,
            r.output_tokens,
            r.cost_usd,
            r.duration_ms_sum,
            r.duration_histogram,
            (r.labels ->> 'step_name'::text) AS step_name,
            (r.labels ->> 'model'::text) AS model,
            (r.labels ->> 'status'::text) AS status
           FROM telemetry.event_rollups r
          WHERE ((r.event_name = 'workflow.step_completed'::text) AND (r.grain = 'day'::text))
        )
 SELECT bucket AS day,
    workflow_name,
    agent_role,
    step_name,
    model,
    status,
    events AS steps,
    input_tokens,
    cached_input_tokens,
    output_tokens,
    cost_usd,
    round((duration_ms_sum / (events)::numeric), 3) AS mean_ms
   FROM steps s;

ALTER VIEW telemetry.v_step_cost OWNER TO pylayer_owner;

COMMENT ON VIEW telemetry.v_step_cost IS 'Steps by day, workflow, role, step, model and status: tokens, cost, time; filter by day';

COMMENT ON COLUMN telemetry.v_step_cost.day IS 'Start of the day, UTC';

COMMENT ON COLUMN telemetry.v_step_cost.workflow_name IS 'Workflow, or null';

COMMENT ON COLUMN telemetry.v_step_cost.agent_role IS 'Role of the agent, or null';

COMMENT ON COLUMN telemetry.v_step_cost.step_name IS 'Step';

COMMENT ON COLUMN telemetry.v_step_cost.model IS 'Model, or null';

COMMENT ON COLUMN telemetry.v_step_cost.status IS 'succeeded, failed or skipped';

COMMENT ON COLUMN telemetry.v_step_cost.steps IS 'Number of steps';

COMMENT ON COLUMN telemetry.v_step_cost.input_tokens IS 'Sum, the cached ones included';

COMMENT ON COLUMN telemetry.v_step_cost.cached_input_tokens IS 'Sum';

COMMENT ON COLUMN telemetry.v_step_cost.output_tokens IS 'Sum';

COMMENT ON COLUMN telemetry.v_step_cost.cost_usd IS 'Estimated cost, USD';

COMMENT ON COLUMN telemetry.v_step_cost.mean_ms IS 'Mean duration, milliseconds';

CREATE TABLE work.artifact_links (
    artifact_id core.ulid NOT NULL,
    version integer NOT NULL,
    link_type text NOT NULL,
    item_id text,
    run_id text,
    event_id core.ulid,
    workflow_name text,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT artifact_links_fits_index CHECK ((octet_length(concat(item_id, run_id, workflow_name)) <= 2000)),
    CONSTRAINT artifact_links_has_target CHECK ((num_nonnulls(item_id, run_id, event_id, workflow_name) > 0)),
    CONSTRAINT artifact_links_item_id_check CHECK ((length(item_id) <= 500)),
    CONSTRAINT artifact_links_link_type_check CHECK ((link_type ~ '^[a-z][a-z0-9_.-]{0,62}$'::text)),
    CONSTRAINT artifact_links_run_id_check CHECK ((length(run_id) <= 500)),
    CONSTRAINT artifact_links_workflow_name_check CHECK ((length(workflow_name) <= 500))
);

ALTER TABLE work.artifact_links OWNER TO pylayer_owner;

COMMENT ON TABLE work.artifact_links IS 'What a version of an artifact has to do with: items, runs, events, workflows';

COMMENT ON COLUMN work.artifact_links.artifact_id IS 'Artifact';

COMMENT ON COLUMN work.artifact_links.version IS 'Version that is linked';

COMMENT ON COLUMN work.artifact_links.link_type IS 'Kind of link, such as produced_by';

COMMENT ON COLUMN work.artifact_links.item_id IS 'Work item, free text';

COMMENT ON COLUMN work.artifact_links.run_id IS 'Workflow run, free text';

COMMENT ON COLUMN work.artifact_links.event_id IS 'ULID of an event';

COMMENT ON COLUMN work.artifact_links.workflow_name IS 'Workflow, free text';

COMMENT ON COLUMN work.artifact_links.created_at IS 'When it was linked';

CREATE TABLE work.artifact_tombstones (
    artifact_id core.ulid NOT NULL,
    version integer NOT NULL,
    storage_key text NOT NULL,
    reason text NOT NULL,
    deleted_by text NOT NULL,
    deleted_as text,
    deleted_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    object_deleted_at timestamp with time zone,
    CONSTRAINT artifact_tombstones_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 1000)))
);

ALTER TABLE work.artifact_tombstones OWNER TO pylayer_owner;

COMMENT ON TABLE work.artifact_tombstones IS 'Versions whose content was deleted from object storage. Never changed or removed; only object_deleted_at is set, once';

COMMENT ON COLUMN work.artifact_tombstones.artifact_id IS 'Artifact';

COMMENT ON COLUMN work.artifact_tombstones.version IS 'Version whose content was deleted';

COMMENT ON COLUMN work.artifact_tombstones.storage_key IS 'Key of the object';

COMMENT ON COLUMN work.artifact_tombstones.reason IS 'Why';

COMMENT ON COLUMN work.artifact_tombstones.deleted_by IS 'Login that deleted it';

COMMENT ON COLUMN work.artifact_tombstones.deleted_as IS 'Role that the login had set; null is its own';

COMMENT ON COLUMN work.artifact_tombstones.deleted_at IS 'When; later reads of the content are refused';

COMMENT ON COLUMN work.artifact_tombstones.object_deleted_at IS 'When object storage confirmed that the object is gone';

CREATE TABLE work.artifact_versions (
    artifact_id core.ulid NOT NULL,
    version integer NOT NULL,
    mime_type text NOT NULL,
    size_bytes bigint NOT NULL,
    content_hash text NOT NULL,
    storage_backend work.storage_backend NOT NULL,
    storage_key text,
    inline_content_text text,
    is_json_opaque boolean DEFAULT false NOT NULL,
    inline_content_json jsonb GENERATED ALWAYS AS (
CASE
    WHEN (work.is_json_mime(mime_type) AND (NOT is_json_opaque)) THEN (inline_content_text)::jsonb
    ELSE NULL::jsonb
END) STORED,
    preview_text text,
    extracted_fields jsonb,
    is_kb_ingested boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT artifact_versions_content_hash_check CHECK ((content_hash ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT artifact_versions_extracted_fields_check CHECK ((jsonb_typeof(extracted_fields) = 'object'::text)),
    CONSTRAINT artifact_versions_mime_type_check CHECK ((length(mime_type) <= 255)),
    CONSTRAINT artifact_versions_size_bytes_check CHECK ((size_bytes >= 0)),
    CONSTRAINT artifact_versions_version_check CHECK ((version > 0)),
    CONSTRAINT content_stands_where_backend_says CHECK (
CASE storage_backend
    WHEN 'inline'::work.storage_backend THEN ((inline_content_text IS NOT NULL) AND (storage_key IS NULL) AND (size_bytes = octet_length(inline_content_text)))
    WHEN 's3'::work.storage_backend THEN ((storage_key IS NOT NULL) AND (inline_content_text IS NULL) AND (NOT is_json_opaque))
    ELSE NULL::boolean
END)
);

ALTER TABLE work.artifact_versions OWNER TO pylayer_owner;

COMMENT ON TABLE work.artifact_versions IS 'Versions of artifacts. Never changed or removed; only is_kb_ingested goes from false to true';

COMMENT ON COLUMN work.artifact_versions.artifact_id IS 'Artifact';

COMMENT ON COLUMN work.artifact_versions.version IS 'Version number, from 1; aborted uploads leave gaps';

COMMENT ON COLUMN work.artifact_versions.mime_type IS 'Mime type of the content';

COMMENT ON COLUMN work.artifact_versions.size_bytes IS 'Size of the content, bytes';

COMMENT ON COLUMN work.artifact_versions.content_hash IS 'sha256 of the exact bytes, lower-case hex';

COMMENT ON COLUMN work.artifact_versions.storage_backend IS 'inline: in inline_content_text; s3: the object at storage_key';

COMMENT ON COLUMN work.artifact_versions.storage_key IS 'Key of the object; null for inline content';

COMMENT ON COLUMN work.artifact_versions.inline_content_text IS 'Content; null for content in object storage';

COMMENT ON COLUMN work.artifact_versions.is_json_opaque IS 'Valid JSON that jsonb cannot hold, such as \u0000 or 1e400000';

COMMENT ON COLUMN work.artifact_versions.inline_content_json IS 'Inline content as a document, for JSON that jsonb can hold';

COMMENT ON COLUMN work.artifact_versions.preview_text IS 'First look at the content';

COMMENT ON COLUMN work.artifact_versions.extracted_fields IS 'Fields taken out of the content, an object';

COMMENT ON COLUMN work.artifact_versions.is_kb_ingested IS 'The knowledge base has taken it in';

COMMENT ON COLUMN work.artifact_versions.created_at IS 'When the version was made';

CREATE TABLE work.artifacts (
    artifact_id core.ulid NOT NULL,
    type text NOT NULL,
    latest_version integer DEFAULT 0 NOT NULL,
    reserved_version integer DEFAULT 0 NOT NULL,
    latest_content_hash text,
    tags jsonb,
    owner_item_id text,
    owner_run_id text,
    project_id text,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT artifacts_check CHECK (((latest_version >= 0) AND (latest_version <= reserved_version))),
    CONSTRAINT artifacts_owner_item_id_check CHECK ((length(owner_item_id) <= 500)),
    CONSTRAINT artifacts_owner_run_id_check CHECK ((length(owner_run_id) <= 500)),
    CONSTRAINT artifacts_project_id_check CHECK ((length(project_id) <= 500)),
    CONSTRAINT artifacts_tags_check CHECK ((jsonb_typeof(tags) = ANY (ARRAY['object'::text, 'array'::text]))),
    CONSTRAINT artifacts_type_check CHECK ((type ~ '^[a-z][a-z0-9_.-]{0,62}$'::text))
)
WITH (fillfactor='85');

ALTER TABLE work.artifacts OWNER TO pylayer_owner;

COMMENT ON TABLE work.artifacts IS 'Artifacts: what their versions share. A row without a committed version is invisible to the API';

COMMENT ON COLUMN work.artifacts.artifact_id IS 'ULID';

COMMENT ON COLUMN work.artifacts.type IS 'Kind of artifact, such as report; part of the storage key';

COMMENT ON COLUMN work.artifacts.latest_version IS 'Greatest committed version; 0 while there is none';

COMMENT ON COLUMN work.artifacts.reserved_version IS 'Greatest version number ever given out; a number is given out once';

COMMENT ON COLUMN work.artifacts.latest_content_hash IS 'sha256 of the latest version, hex; null while there is none and once its content was deleted';

COMMENT ON COLUMN work.artifacts.tags IS 'Object or array to search by containment; null is none';

COMMENT ON COLUMN work.artifacts.owner_item_id IS 'Work item that owns it, free text';

COMMENT ON COLUMN work.artifacts.owner_run_id IS 'Workflow run that owns it, free text';

COMMENT ON COLUMN work.artifacts.project_id IS 'Project it belongs to, free text';

COMMENT ON COLUMN work.artifacts.created_at IS 'When the id was first used';

CREATE TABLE work.attachments (
    item_id text NOT NULL COLLATE pg_catalog."C",
    artifact_id core.ulid NOT NULL,
    version integer NOT NULL,
    label text,
    attached_by text DEFAULT SESSION_USER NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    detached_at timestamp with time zone,
    CONSTRAINT attachments_attached_by_check CHECK (((length(attached_by) >= 1) AND (length(attached_by) <= 200))),
    CONSTRAINT attachments_label_check CHECK (((length(label) >= 1) AND (length(label) <= 200)))
);

ALTER TABLE work.attachments OWNER TO pylayer_owner;

COMMENT ON TABLE work.attachments IS 'Versions of artifacts that belong to items; the bytes stay where the version has them. Never removed, only marked as detached';

COMMENT ON COLUMN work.attachments.item_id IS 'Item';

COMMENT ON COLUMN work.attachments.artifact_id IS 'Artifact';

COMMENT ON COLUMN work.attachments.version IS 'Version of the artifact';

COMMENT ON COLUMN work.attachments.label IS 'What it is for, in words';

COMMENT ON COLUMN work.attachments.attached_by IS 'Who attached it; the login where nobody was named';

COMMENT ON COLUMN work.attachments.created_at IS 'When';

COMMENT ON COLUMN work.attachments.detached_at IS 'Since when it counts as detached; null is attached';

CREATE TABLE work.checkpoint_blob_uses (
    thread_key bigint NOT NULL,
    blob_id bigint NOT NULL
);

ALTER TABLE work.checkpoint_blob_uses OWNER TO pylayer_owner;

COMMENT ON TABLE work.checkpoint_blob_uses IS 'Which threads use a blob: a row stands as long as anything in the thread may refer to the blob';

COMMENT ON COLUMN work.checkpoint_blob_uses.thread_key IS 'Thread';

COMMENT ON COLUMN work.checkpoint_blob_uses.blob_id IS 'Blob';

CREATE TABLE work.checkpoint_blobs (
    blob_id bigint NOT NULL,
    content_hash bytea NOT NULL,
    serde_type text NOT NULL,
    data bytea NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT checkpoint_blobs_content_hash_check CHECK ((octet_length(content_hash) = 32)),
    CONSTRAINT checkpoint_blobs_serde_type_check CHECK (((length(serde_type) >= 1) AND (length(serde_type) <= 100)))
);

ALTER TABLE work.checkpoint_blobs OWNER TO pylayer_owner;

COMMENT ON TABLE work.checkpoint_blobs IS 'Serialized values and segments of lists, each once. Never changed; removed when no thread uses them';

COMMENT ON COLUMN work.checkpoint_blobs.blob_id IS 'Number that references carry';

COMMENT ON COLUMN work.checkpoint_blobs.content_hash IS 'sha256 of data';

COMMENT ON COLUMN work.checkpoint_blobs.serde_type IS 'How data is serialized, as the serializer named it';

COMMENT ON COLUMN work.checkpoint_blobs.data IS 'The serialized bytes';

COMMENT ON COLUMN work.checkpoint_blobs.created_at IS 'When it was first stored';

ALTER TABLE work.checkpoint_blobs ALTER COLUMN blob_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME work.checkpoint_blobs_blob_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

COMMENT ON SEQUENCE work.checkpoint_blobs_blob_id_seq IS 'Numbers of blobs';

CREATE TABLE work.checkpoint_threads (
    thread_key bigint NOT NULL,
    thread_id text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    pruned_at timestamp with time zone,
    CONSTRAINT checkpoint_threads_thread_id_check CHECK (((octet_length(thread_id) >= 1) AND (octet_length(thread_id) <= 1000)))
);

ALTER TABLE work.checkpoint_threads OWNER TO pylayer_owner;

COMMENT ON TABLE work.checkpoint_threads IS 'Threads of checkpoints. Whoever stores in a thread shares the lock of its row, whoever removes from it changes the row';

COMMENT ON COLUMN work.checkpoint_threads.thread_key IS 'Number that stands for the thread in the other tables';

COMMENT ON COLUMN work.checkpoint_threads.thread_id IS 'Thread, free text';

COMMENT ON COLUMN work.checkpoint_threads.created_at IS 'When it was first stored to';

COMMENT ON COLUMN work.checkpoint_threads.pruned_at IS 'When something was last removed from it; null: never';

ALTER TABLE work.checkpoint_threads ALTER COLUMN thread_key ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME work.checkpoint_threads_thread_key_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

COMMENT ON SEQUENCE work.checkpoint_threads_thread_key_seq IS 'Numbers of threads';

CREATE TABLE work.checkpoint_writes (
    thread_key bigint NOT NULL,
    checkpoint_ns text NOT NULL COLLATE pg_catalog."C",
    checkpoint_id text NOT NULL COLLATE pg_catalog."C",
    task_id text NOT NULL COLLATE pg_catalog."C",
    task_path text NOT NULL COLLATE pg_catalog."C",
    writes jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT checkpoint_writes_checkpoint_id_check CHECK (((octet_length(checkpoint_id) >= 1) AND (octet_length(checkpoint_id) <= 500))),
    CONSTRAINT checkpoint_writes_checkpoint_ns_check CHECK ((octet_length(checkpoint_ns) <= 1000)),
    CONSTRAINT checkpoint_writes_task_id_check CHECK ((octet_length(task_id) <= 500)),
    CONSTRAINT checkpoint_writes_writes_check CHECK ((jsonb_typeof(writes) = 'object'::text))
);

ALTER TABLE work.checkpoint_writes OWNER TO pylayer_owner;

COMMENT ON TABLE work.checkpoint_writes IS 'What tasks wrote after a checkpoint, one row a task; may be stored before its checkpoint is';

COMMENT ON COLUMN work.checkpoint_writes.thread_key IS 'Thread';

COMMENT ON COLUMN work.checkpoint_writes.checkpoint_ns IS 'Namespace of the checkpoint';

COMMENT ON COLUMN work.checkpoint_writes.checkpoint_id IS 'Checkpoint that the task started from';

COMMENT ON COLUMN work.checkpoint_writes.task_id IS 'Task';

COMMENT ON COLUMN work.checkpoint_writes.task_path IS 'Path of the task; orders the writes of one super-step';

COMMENT ON COLUMN work.checkpoint_writes.writes IS 'By number of the write, negative for errors, interrupts and the like: [channel, reference]';

COMMENT ON COLUMN work.checkpoint_writes.created_at IS 'When the task''s first write was stored';

CREATE TABLE work.comment_revisions (
    comment_id core.ulid NOT NULL,
    revision integer NOT NULL,
    body text NOT NULL,
    written_by text NOT NULL,
    written_at timestamp with time zone NOT NULL,
    CONSTRAINT comment_revisions_revision_check CHECK ((revision > 0))
);

ALTER TABLE work.comment_revisions OWNER TO pylayer_owner;

COMMENT ON TABLE work.comment_revisions IS 'What edited comments said before, append-only';

COMMENT ON COLUMN work.comment_revisions.comment_id IS 'Comment';

COMMENT ON COLUMN work.comment_revisions.revision IS 'From 1, what it first said, without a gap';

COMMENT ON COLUMN work.comment_revisions.body IS 'What it said';

COMMENT ON COLUMN work.comment_revisions.written_by IS 'Who had written that, in words';

COMMENT ON COLUMN work.comment_revisions.written_at IS 'When that had been written';

CREATE TABLE work.comments (
    comment_id core.ulid DEFAULT core.new_ulid() NOT NULL,
    item_id text NOT NULL COLLATE pg_catalog."C",
    body text NOT NULL,
    author text DEFAULT SESSION_USER NOT NULL,
    is_ai boolean DEFAULT false NOT NULL,
    author_user_id core.ulid,
    author_agent_id text COLLATE pg_catalog."C",
    github_node_id text,
    metadata jsonb,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    deleted_at timestamp with time zone,
    edited_at timestamp with time zone,
    edited_by text,
    CONSTRAINT comments_author_check CHECK (((length(author) >= 1) AND (length(author) <= 200))),
    CONSTRAINT comments_author_is_human_or_ai CHECK ((
CASE
    WHEN is_ai THEN (author_user_id)::text
    ELSE author_agent_id
END IS NULL)),
    CONSTRAINT comments_body_check CHECK (((octet_length(body) >= 1) AND (octet_length(body) <= 262144))),
    CONSTRAINT comments_edited_by_check CHECK (((length(edited_by) >= 1) AND (length(edited_by) <= 200))),
    CONSTRAINT comments_github_node_id_check CHECK (((length(github_node_id) >= 1) AND (length(github_node_id) <= 200))),
    CONSTRAINT comments_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text))
);

ALTER TABLE work.comments OWNER TO pylayer_owner;

COMMENT ON TABLE work.comments IS 'Comments on items. An edit keeps what was said before in work.comment_revisions; never removed, only marked as removed';

COMMENT ON COLUMN work.comments.comment_id IS 'ULID';

COMMENT ON COLUMN work.comments.item_id IS 'Item';

COMMENT ON COLUMN work.comments.body IS 'Text, such as Markdown';

COMMENT ON COLUMN work.comments.author IS 'Who wrote it, in words; the login where nobody was named';

COMMENT ON COLUMN work.comments.is_ai IS 'An AI wrote it';

COMMENT ON COLUMN work.comments.author_user_id IS 'The user who wrote it, where known';

COMMENT ON COLUMN work.comments.author_agent_id IS 'The agent that wrote it, where known';

COMMENT ON COLUMN work.comments.github_node_id IS 'Node id on GitHub';

COMMENT ON COLUMN work.comments.metadata IS 'Whatever else, an object';

COMMENT ON COLUMN work.comments.created_at IS 'When it was written';

COMMENT ON COLUMN work.comments.deleted_at IS 'Since when it counts as removed; null is not';

COMMENT ON COLUMN work.comments.edited_at IS 'When it was last edited; null is never';

COMMENT ON COLUMN work.comments.edited_by IS 'Who last edited it, in words';

CREATE TABLE work.decisions (
    decision_id core.ulid DEFAULT core.new_ulid() NOT NULL,
    project_id text COLLATE pg_catalog."C",
    item_id text COLLATE pg_catalog."C",
    title text NOT NULL,
    decision text NOT NULL,
    rationale text,
    alternatives jsonb,
    supersedes_id core.ulid,
    decided_by text DEFAULT SESSION_USER NOT NULL,
    run_id text,
    decided_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT decisions_alternatives_check CHECK ((jsonb_typeof(alternatives) = 'array'::text)),
    CONSTRAINT decisions_decided_by_check CHECK (((length(decided_by) >= 1) AND (length(decided_by) <= 200))),
    CONSTRAINT decisions_decision_check CHECK (((octet_length(decision) >= 1) AND (octet_length(decision) <= 262144))),
    CONSTRAINT decisions_rationale_check CHECK ((octet_length(rationale) <= 262144)),
    CONSTRAINT decisions_run_id_check CHECK (((length(run_id) >= 1) AND (length(run_id) <= 500))),
    CONSTRAINT decisions_supersede_another CHECK (((supersedes_id)::text <> (decision_id)::text)),
    CONSTRAINT decisions_title_check CHECK (((length(btrim(title)) >= 1) AND (length(btrim(title)) <= 500)))
);

ALTER TABLE work.decisions OWNER TO pylayer_owner;

COMMENT ON TABLE work.decisions IS 'Decisions, append-only: a new one supersedes an old one, which stays';

COMMENT ON COLUMN work.decisions.decision_id IS 'ULID';

COMMENT ON COLUMN work.decisions.project_id IS 'Project that it is about; null is none';

COMMENT ON COLUMN work.decisions.item_id IS 'Item that it is about; null is none';

COMMENT ON COLUMN work.decisions.title IS 'The question, in words';

COMMENT ON COLUMN work.decisions.decision IS 'What was decided';

COMMENT ON COLUMN work.decisions.rationale IS 'Why';

COMMENT ON COLUMN work.decisions.alternatives IS 'What was not chosen, an array';

COMMENT ON COLUMN work.decisions.supersedes_id IS 'Decision that no longer holds; each is superseded once at most';

COMMENT ON COLUMN work.decisions.decided_by IS 'Who decided; the login where nobody was named';

COMMENT ON COLUMN work.decisions.run_id IS 'Workflow run in which it was decided';

COMMENT ON COLUMN work.decisions.decided_at IS 'When';

CREATE UNLOGGED TABLE work.graph_cache (
    namespace text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    serde_type text NOT NULL,
    data bytea NOT NULL,
    expires_at timestamp with time zone,
    CONSTRAINT graph_cache_key_check CHECK ((octet_length(key) <= 1000)),
    CONSTRAINT graph_cache_namespace_check CHECK ((octet_length(namespace) <= 1000)),
    CONSTRAINT graph_cache_serde_type_check CHECK (((length(serde_type) >= 1) AND (length(serde_type) <= 100)))
);

ALTER TABLE work.graph_cache OWNER TO pylayer_owner;

COMMENT ON TABLE work.graph_cache IS 'Results of LangGraph nodes, to be had without running them again; empty after a crash';

COMMENT ON COLUMN work.graph_cache.namespace IS 'Namespace: a JSON array of strings, as text';

COMMENT ON COLUMN work.graph_cache.key IS 'Key in it';

COMMENT ON COLUMN work.graph_cache.serde_type IS 'How data is serialized, as the serializer named it';

COMMENT ON COLUMN work.graph_cache.data IS 'The serialized bytes';

COMMENT ON COLUMN work.graph_cache.expires_at IS 'From when on it counts as absent; null: never';

CREATE TABLE work.item_dependencies (
    item_id text NOT NULL COLLATE pg_catalog."C",
    depends_on_item_id text NOT NULL COLLATE pg_catalog."C",
    created_by text DEFAULT SESSION_USER NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT item_dependencies_created_by_check CHECK (((length(created_by) >= 1) AND (length(created_by) <= 200)))
);

ALTER TABLE work.item_dependencies OWNER TO pylayer_owner;

COMMENT ON TABLE work.item_dependencies IS 'Which item waits for which; never a cycle. An epic depends on its stories';

COMMENT ON COLUMN work.item_dependencies.item_id IS 'Item that waits';

COMMENT ON COLUMN work.item_dependencies.depends_on_item_id IS 'Item that must be done first';

COMMENT ON COLUMN work.item_dependencies.created_by IS 'Who said so; the login where nobody was named';

COMMENT ON COLUMN work.item_dependencies.created_at IS 'When';

CREATE TABLE work.item_state_transitions (
    item_type text NOT NULL COLLATE pg_catalog."C",
    from_state text NOT NULL COLLATE pg_catalog."C",
    to_state text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT item_state_transitions_moves CHECK ((from_state <> to_state))
);

ALTER TABLE work.item_state_transitions OWNER TO pylayer_owner;

COMMENT ON TABLE work.item_state_transitions IS 'Moves that an item of a type can make. A row that is added allows one from its commit on, one that is removed forbids it';

COMMENT ON COLUMN work.item_state_transitions.item_type IS 'Type of item';

COMMENT ON COLUMN work.item_state_transitions.from_state IS 'State that is left';

COMMENT ON COLUMN work.item_state_transitions.to_state IS 'State that is entered';

CREATE TABLE work.item_states (
    item_type text NOT NULL COLLATE pg_catalog."C",
    state text NOT NULL COLLATE pg_catalog."C",
    "position" integer NOT NULL,
    is_initial boolean DEFAULT false NOT NULL,
    is_final boolean DEFAULT false NOT NULL,
    is_agreed boolean DEFAULT false NOT NULL,
    description text NOT NULL,
    CONSTRAINT item_states_item_type_check CHECK ((item_type ~ '^[a-z][a-z0-9_]{0,62}$'::text)),
    CONSTRAINT item_states_state_check CHECK ((state ~ '^[a-z][a-z0-9_]{0,62}$'::text))
);

ALTER TABLE work.item_states OWNER TO pylayer_owner;

COMMENT ON TABLE work.item_states IS 'States that an item of a type can be in. Rows are added, never changed or removed';

COMMENT ON COLUMN work.item_states.item_type IS 'Type of item: story, bug, task, issue, pull_request, epic or another';

COMMENT ON COLUMN work.item_states.state IS 'State';

COMMENT ON COLUMN work.item_states."position" IS 'Order in which people read the states';

COMMENT ON COLUMN work.item_states.is_initial IS 'An item may begin in it; without a choice, in the first of these';

COMMENT ON COLUMN work.item_states.is_final IS 'An item in it is closed';

COMMENT ON COLUMN work.item_states.is_agreed IS 'What the item says counts as agreed: an edit of title or description stores workflow.story_changed';

COMMENT ON COLUMN work.item_states.description IS 'What the state means, in words';

CREATE TABLE work.item_texts (
    item_id text NOT NULL COLLATE pg_catalog."C",
    comment_id core.ulid,
    document tsvector NOT NULL
);

ALTER TABLE work.item_texts OWNER TO pylayer_owner;

COMMENT ON TABLE work.item_texts IS 'What full-text search reads: a row for title and description of an item, one for each comment';

COMMENT ON COLUMN work.item_texts.item_id IS 'Item';

COMMENT ON COLUMN work.item_texts.comment_id IS 'Comment; null is title and description';

COMMENT ON COLUMN work.item_texts.document IS 'Words by the rules of English; title A, description B, comment C';

CREATE TABLE work.item_transitions (
    item_id text NOT NULL COLLATE pg_catalog."C",
    seq integer NOT NULL,
    from_state text COLLATE pg_catalog."C",
    to_state text NOT NULL COLLATE pg_catalog."C",
    actor text DEFAULT SESSION_USER NOT NULL,
    reason text,
    run_id text,
    workflow_name text,
    agent_role text,
    time_in_state_seconds double precision,
    occurred_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT item_transitions_actor_check CHECK (((length(actor) >= 1) AND (length(actor) <= 200))),
    CONSTRAINT item_transitions_agent_role_check CHECK (((length(agent_role) >= 1) AND (length(agent_role) <= 500))),
    CONSTRAINT item_transitions_first CHECK (((seq = 1) = (from_state IS NULL))),
    CONSTRAINT item_transitions_reason_check CHECK ((length(reason) <= 2000)),
    CONSTRAINT item_transitions_run_id_check CHECK (((length(run_id) >= 1) AND (length(run_id) <= 500))),
    CONSTRAINT item_transitions_workflow_name_check CHECK (((length(workflow_name) >= 1) AND (length(workflow_name) <= 500)))
);

ALTER TABLE work.item_transitions OWNER TO pylayer_owner;

COMMENT ON TABLE work.item_transitions IS 'Changes of state, append-only: to insert a row is to change the state. The tables fill in what the row leaves out';

COMMENT ON COLUMN work.item_transitions.item_id IS 'Item';

COMMENT ON COLUMN work.item_transitions.seq IS 'From 1, the creation, without a gap';

COMMENT ON COLUMN work.item_transitions.from_state IS 'State that was left; null at creation. Given on insert, it is the state that the writer expects';

COMMENT ON COLUMN work.item_transitions.to_state IS 'State that was entered';

COMMENT ON COLUMN work.item_transitions.actor IS 'Who did it, in words; the login where nobody was named';

COMMENT ON COLUMN work.item_transitions.reason IS 'Why';

COMMENT ON COLUMN work.item_transitions.run_id IS 'Workflow run that did it';

COMMENT ON COLUMN work.item_transitions.workflow_name IS 'Workflow that did it';

COMMENT ON COLUMN work.item_transitions.agent_role IS 'Role of the agent that did it';

COMMENT ON COLUMN work.item_transitions.time_in_state_seconds IS 'Time spent in from_state, seconds; null at creation';

COMMENT ON COLUMN work.item_transitions.occurred_at IS 'When; within an item never before the row before';

CREATE TABLE work.projects (
    project_id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    description text,
    repository text,
    default_branch text DEFAULT 'main'::text NOT NULL,
    tech_stack jsonb,
    pr_merge_rate numeric,
    test_coverage numeric,
    tags jsonb,
    metadata jsonb,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT projects_default_branch_check CHECK (((length(default_branch) >= 1) AND (length(default_branch) <= 255))),
    CONSTRAINT projects_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text)),
    CONSTRAINT projects_name_check CHECK (((length(btrim(name)) >= 1) AND (length(btrim(name)) <= 200))),
    CONSTRAINT projects_pr_merge_rate_check CHECK (((pr_merge_rate >= (0)::numeric) AND (pr_merge_rate <= (1)::numeric))),
    CONSTRAINT projects_project_id_check CHECK ((((length(project_id) >= 1) AND (length(project_id) <= 200)) AND (project_id !~ '[[:cntrl:]]'::text) AND (project_id = btrim(project_id)))),
    CONSTRAINT projects_repository_check CHECK (((length(repository) >= 1) AND (length(repository) <= 500))),
    CONSTRAINT projects_tags_check CHECK ((jsonb_typeof(tags) = ANY (ARRAY['object'::text, 'array'::text]))),
    CONSTRAINT projects_tech_stack_check CHECK ((jsonb_typeof(tech_stack) = ANY (ARRAY['object'::text, 'array'::text]))),
    CONSTRAINT projects_test_coverage_check CHECK (((test_coverage >= (0)::numeric) AND (test_coverage <= (1)::numeric)))
);

ALTER TABLE work.projects OWNER TO pylayer_owner;

COMMENT ON TABLE work.projects IS 'Projects: a repository, and what items, artifacts and events belong to';

COMMENT ON COLUMN work.projects.project_id IS 'Id: a ULID or a name of the team''s own';

COMMENT ON COLUMN work.projects.name IS 'Name as people read it';

COMMENT ON COLUMN work.projects.description IS 'What it is about';

COMMENT ON COLUMN work.projects.repository IS 'Repository, as owner/name or as a URL';

COMMENT ON COLUMN work.projects.default_branch IS 'Branch that work starts from';

COMMENT ON COLUMN work.projects.tech_stack IS 'Languages, frameworks and services, an object or array';

COMMENT ON COLUMN work.projects.pr_merge_rate IS 'Share of pull requests that were merged, 0 to 1';

COMMENT ON COLUMN work.projects.test_coverage IS 'Share of the code that tests run, 0 to 1';

COMMENT ON COLUMN work.projects.tags IS 'Object or array to search by containment';

COMMENT ON COLUMN work.projects.metadata IS 'Whatever else, an object';

COMMENT ON COLUMN work.projects.created_at IS 'When it was made';

COMMENT ON COLUMN work.projects.updated_at IS 'Last change';

COMMENT ON COLUMN work.projects.deleted_at IS 'Since when it counts as removed; null is not';

CREATE TABLE work.signals (
    signal_id core.ulid NOT NULL,
    run_id text NOT NULL,
    event_name text NOT NULL,
    payload jsonb NOT NULL,
    step_name text,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    received_at timestamp with time zone,
    CONSTRAINT received_by_a_step CHECK (((step_name IS NULL) = (received_at IS NULL))),
    CONSTRAINT signals_event_name_check CHECK (((octet_length(event_name) >= 1) AND (octet_length(event_name) <= 200)))
);

ALTER TABLE work.signals OWNER TO pylayer_owner;

COMMENT ON TABLE work.signals IS 'Events sent to runs. Each is received once, in the order in which they came';

COMMENT ON COLUMN work.signals.signal_id IS 'ULID, made by the sender: the key that makes sending safe to repeat';

COMMENT ON COLUMN work.signals.run_id IS 'Run that it is sent to';

COMMENT ON COLUMN work.signals.event_name IS 'What a step waits for';

COMMENT ON COLUMN work.signals.payload IS 'What it brings';

COMMENT ON COLUMN work.signals.step_name IS 'Step that received it; null while none has';

COMMENT ON COLUMN work.signals.created_at IS 'When it was sent';

COMMENT ON COLUMN work.signals.received_at IS 'When a step received it';

CREATE TABLE work.step_executions (
    run_id text NOT NULL,
    step_name text NOT NULL,
    status text NOT NULL,
    attempt integer NOT NULL,
    tries integer DEFAULT 1 NOT NULL,
    output jsonb,
    error text,
    duration_ms bigint,
    wakes_at timestamp with time zone,
    started_at timestamp with time zone NOT NULL,
    completed_at timestamp with time zone,
    CONSTRAINT completed_at_follows_status CHECK (((completed_at IS NOT NULL) = (status = 'completed'::text))),
    CONSTRAINT step_executions_attempt_check CHECK ((attempt > 0)),
    CONSTRAINT step_executions_duration_ms_check CHECK ((duration_ms >= 0)),
    CONSTRAINT step_executions_status_check CHECK ((status = ANY (ARRAY['running'::text, 'waiting'::text, 'completed'::text, 'failed'::text]))),
    CONSTRAINT step_executions_step_name_check CHECK (((octet_length(step_name) >= 1) AND (octet_length(step_name) <= 500))),
    CONSTRAINT step_executions_tries_check CHECK ((tries > 0))
);

ALTER TABLE work.step_executions OWNER TO pylayer_owner;

COMMENT ON TABLE work.step_executions IS 'Steps of runs: the memory that lets a run go on where it was. One that is complete never changes';

COMMENT ON COLUMN work.step_executions.run_id IS 'Run';

COMMENT ON COLUMN work.step_executions.step_name IS 'Name, once in a run';

COMMENT ON COLUMN work.step_executions.status IS 'running, waiting (for an event or a time), completed or failed';

COMMENT ON COLUMN work.step_executions.attempt IS 'Attempt of the run that changed it last';

COMMENT ON COLUMN work.step_executions.tries IS 'How often it was tried';

COMMENT ON COLUMN work.step_executions.output IS 'Its result, or what the event brought';

COMMENT ON COLUMN work.step_executions.error IS 'Why its last try failed';

COMMENT ON COLUMN work.step_executions.duration_ms IS 'Duration of its last try, milliseconds';

COMMENT ON COLUMN work.step_executions.wakes_at IS 'When its wait ends by the clock; null is never';

COMMENT ON COLUMN work.step_executions.started_at IS 'When its last try began';

COMMENT ON COLUMN work.step_executions.completed_at IS 'When it was recorded complete';

CREATE SEQUENCE work.task_positions
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE work.task_positions OWNER TO pylayer_owner;

COMMENT ON SEQUENCE work.task_positions IS 'Order in which tasks became ready';

CREATE TABLE work.task_executions (
    execution_id text NOT NULL COLLATE pg_catalog."C",
    "position" bigint DEFAULT nextval('work.task_positions'::regclass) NOT NULL,
    lease uuid,
    lease_expires_at timestamp with time zone,
    scheduled_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    execution_time_ms bigint,
    status work.task_status NOT NULL,
    priority work.task_priority NOT NULL,
    retry_count work.task_retries DEFAULT 0 NOT NULL,
    max_retries work.task_retries NOT NULL,
    timeout_seconds work.task_timeout NOT NULL,
    queue text NOT NULL,
    task_name work.task_name NOT NULL,
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
    CONSTRAINT task_executions_state_check CHECK ((((status = ANY (ARRAY['completed'::work.task_status, 'failed'::work.task_status])) = (finished_at IS NOT NULL)) AND ((status <> 'running'::work.task_status) OR ((lease IS NOT NULL) AND (lease_expires_at IS NOT NULL) AND (started_at IS NOT NULL))) AND ((status <> 'blocked'::work.task_status) OR (concurrency_key IS NOT NULL)) AND (octet_length(execution_id) = 26)))
)
WITH (fillfactor='50');

ALTER TABLE work.task_executions OWNER TO pylayer_owner;

COMMENT ON TABLE work.task_executions IS 'Tasks. A worker holds one by a lease, whose token it must show to finish it. Completed ones stay for the queue''s retention_days, failed ones until they are queued again';

COMMENT ON COLUMN work.task_executions.execution_id IS 'ULID';

COMMENT ON COLUMN work.task_executions."position" IS 'Age among the ready tasks of its queue and priority: the order in which they became ready';

COMMENT ON COLUMN work.task_executions.lease IS 'Token of the last lease; who shows another one lost the task';

COMMENT ON COLUMN work.task_executions.lease_expires_at IS 'Until when its worker holds it; null when nobody does';

COMMENT ON COLUMN work.task_executions.scheduled_at IS 'When it may run at the earliest';

COMMENT ON COLUMN work.task_executions.created_at IS 'When it was enqueued';

COMMENT ON COLUMN work.task_executions.started_at IS 'When its last attempt began; null before the first';

COMMENT ON COLUMN work.task_executions.finished_at IS 'When it completed, or failed for good';

COMMENT ON COLUMN work.task_executions.execution_time_ms IS 'How long its last attempt took, milliseconds';

COMMENT ON COLUMN work.task_executions.status IS 'Its state';

COMMENT ON COLUMN work.task_executions.priority IS '0 is first, 9 last';

COMMENT ON COLUMN work.task_executions.retry_count IS 'How often it was tried again';

COMMENT ON COLUMN work.task_executions.max_retries IS 'How often it may be tried again before it is a dead letter';

COMMENT ON COLUMN work.task_executions.timeout_seconds IS 'Longest time that one attempt may take, seconds; no heartbeat extends the lease beyond it';

COMMENT ON COLUMN work.task_executions.queue IS 'Its queue';

COMMENT ON COLUMN work.task_executions.task_name IS 'What to do: the name of a handler';

COMMENT ON COLUMN work.task_executions.task_type IS 'Kind of task, free text';

COMMENT ON COLUMN work.task_executions.worker IS 'Who holds it, or held it last';

COMMENT ON COLUMN work.task_executions.unique_key IS 'No two tasks of a queue have the same, for as long as they are kept';

COMMENT ON COLUMN work.task_executions.concurrency_key IS 'Of the tasks of a queue with the same key, key_limit run at once';

COMMENT ON COLUMN work.task_executions.run_id IS 'Run that it belongs to';

COMMENT ON COLUMN work.task_executions.workflow_name IS 'Workflow that it belongs to';

COMMENT ON COLUMN work.task_executions.agent_id IS 'Agent that it is for';

COMMENT ON COLUMN work.task_executions.project_id IS 'Project that it belongs to';

COMMENT ON COLUMN work.task_executions.input_data IS 'What its handler is given';

COMMENT ON COLUMN work.task_executions.output_data IS 'What its handler returned';

COMMENT ON COLUMN work.task_executions.error IS 'Why its last attempt failed';

COMMENT ON COLUMN work.task_executions.metadata IS 'Whatever nobody queries yet, such as a traceparent';

CREATE VIEW work.v_items AS
 SELECT i.item_id,
    i.item_type,
    i.project_id,
    i.title,
    i.state,
    i.priority,
    i.state_since,
    i.closed_at,
    u.username AS assigned_user,
    i.assigned_agent_id,
    d.open_dependencies,
    i.created_at,
    i.updated_at,
    round(EXTRACT(epoch FROM (clock_timestamp() - i.state_since)), 3) AS seconds_in_state
   FROM ((work.items i
     LEFT JOIN iam.users u ON (((i.assigned_user_id)::text = (u.user_id)::text)))
     CROSS JOIN LATERAL ( SELECT count(*) AS open_dependencies
           FROM (work.item_dependencies w
             JOIN work.items o ON ((w.depends_on_item_id = o.item_id)))
          WHERE ((w.item_id = i.item_id) AND (o.closed_at IS NULL) AND (o.deleted_at IS NULL))) d)
  WHERE (i.deleted_at IS NULL);

ALTER VIEW work.v_items OWNER TO pylayer_owner;

COMMENT ON VIEW work.v_items IS 'Items that are not removed, with who has them, since when they are in their state, and how much they wait for';

COMMENT ON COLUMN work.v_items.item_id IS 'Item';

COMMENT ON COLUMN work.v_items.item_type IS 'story, bug, task, issue, pull_request, epic or a type of the team''s own';

COMMENT ON COLUMN work.v_items.project_id IS 'Project';

COMMENT ON COLUMN work.v_items.title IS 'Title';

COMMENT ON COLUMN work.v_items.state IS 'State';

COMMENT ON COLUMN work.v_items.priority IS '0 (drop everything) to 4 (some day)';

COMMENT ON COLUMN work.v_items.state_since IS 'Since when it is in this state';

COMMENT ON COLUMN work.v_items.closed_at IS 'Since when it is in a final state; null is open';

COMMENT ON COLUMN work.v_items.assigned_user IS 'Name of the user who works on it';

COMMENT ON COLUMN work.v_items.assigned_agent_id IS 'Agent that works on it';

COMMENT ON COLUMN work.v_items.open_dependencies IS 'Items that it waits for and that are open';

COMMENT ON COLUMN work.v_items.created_at IS 'When it was made';

COMMENT ON COLUMN work.v_items.updated_at IS 'When it was last changed';

COMMENT ON COLUMN work.v_items.seconds_in_state IS 'Time in this state so far, seconds';

CREATE VIEW work.v_queues AS
 SELECT q.queue,
    q.paused_at,
    r.ready,
    s.scheduled,
    b.blocked,
    a.running,
    f.dead,
    round(EXTRACT(epoch FROM (clock_timestamp() - r.oldest)), 3) AS oldest_ready_seconds
   FROM (((((work.queues q
     CROSS JOIN LATERAL ( SELECT count(*) AS ready,
            min(t.scheduled_at) AS oldest
           FROM work.task_executions t
          WHERE ((t.queue = q.queue) AND (t.status = 'ready'::work.task_status))) r)
     CROSS JOIN LATERAL ( SELECT count(*) AS scheduled
           FROM work.task_executions t
          WHERE ((t.queue = q.queue) AND (t.status = 'scheduled'::work.task_status))) s)
     CROSS JOIN LATERAL ( SELECT count(*) AS blocked
           FROM work.task_executions t
          WHERE ((t.queue = q.queue) AND (t.status = 'blocked'::work.task_status) AND (t.concurrency_key IS NOT NULL))) b)
     CROSS JOIN LATERAL ( SELECT count(*) AS running
           FROM work.task_executions t
          WHERE ((t.queue = q.queue) AND (t.status = 'running'::work.task_status))) a)
     CROSS JOIN LATERAL ( SELECT count(*) AS dead
           FROM work.task_executions t
          WHERE ((t.queue = q.queue) AND (t.status = 'failed'::work.task_status))) f);

ALTER VIEW work.v_queues OWNER TO pylayer_owner;

COMMENT ON VIEW work.v_queues IS 'Queues with what is in them';

COMMENT ON COLUMN work.v_queues.queue IS 'Queue';

COMMENT ON COLUMN work.v_queues.paused_at IS 'Since when none of its tasks is handed out; null is not';

COMMENT ON COLUMN work.v_queues.ready IS 'Tasks that may be claimed now';

COMMENT ON COLUMN work.v_queues.scheduled IS 'Tasks that wait for their time';

COMMENT ON COLUMN work.v_queues.blocked IS 'Tasks that wait for one with their concurrency key';

COMMENT ON COLUMN work.v_queues.running IS 'Tasks that a worker holds';

COMMENT ON COLUMN work.v_queues.dead IS 'Dead letters';

COMMENT ON COLUMN work.v_queues.oldest_ready_seconds IS 'How long the ready task that has waited longest could have run, seconds; null without one';

CREATE VIEW work.v_runs AS
 SELECT e.run_id,
    e.workflow_id,
    e.version,
    e.parent_run_id,
    e.project_id,
    e.status,
    e.reason,
    e.current_step,
    e.completed_steps,
    e.total_steps,
    e.attempt,
    e.worker,
    e.waiting_for,
    e.due_at,
    e.deadline,
    e.error_count,
    e.error,
    e.created_at,
    e.started_at,
    e.completed_at,
    t.spans,
    t.input_tokens,
    t.output_tokens,
    t.cost_usd,
    round(EXTRACT(epoch FROM (COALESCE(e.completed_at, statement_timestamp()) - e.started_at)), 3) AS duration_seconds
   FROM (work.workflow_executions e
     CROSS JOIN LATERAL ( SELECT count(*) AS spans,
            COALESCE(sum(x.input_tokens), (0)::numeric) AS input_tokens,
            COALESCE(sum(x.output_tokens), (0)::numeric) AS output_tokens,
            COALESCE(sum(x.cost_usd), (0)::numeric) AS cost_usd
           FROM work.execution_traces x
          WHERE (x.run_id = e.run_id)) t);

ALTER VIEW work.v_runs OWNER TO pylayer_owner;

COMMENT ON VIEW work.v_runs IS 'Runs of workflows with how far they are, how long they took and what their spans used';

COMMENT ON COLUMN work.v_runs.run_id IS 'Run';

COMMENT ON COLUMN work.v_runs.workflow_id IS 'Workflow';

COMMENT ON COLUMN work.v_runs.version IS 'Registered version; null is none';

COMMENT ON COLUMN work.v_runs.parent_run_id IS 'Run that started it';

COMMENT ON COLUMN work.v_runs.project_id IS 'Project';

COMMENT ON COLUMN work.v_runs.status IS 'pending, running, waiting, completed, failed or cancelled';

COMMENT ON COLUMN work.v_runs.reason IS 'Why it has this status, when somebody said so';

COMMENT ON COLUMN work.v_runs.current_step IS 'Step that was begun or recorded last';

COMMENT ON COLUMN work.v_runs.completed_steps IS 'Steps recorded complete';

COMMENT ON COLUMN work.v_runs.total_steps IS 'Steps of the registered definition';

COMMENT ON COLUMN work.v_runs.attempt IS 'How often it was claimed';

COMMENT ON COLUMN work.v_runs.worker IS 'Who claimed it last; null while it waits';

COMMENT ON COLUMN work.v_runs.waiting_for IS 'Event that it waits for';

COMMENT ON COLUMN work.v_runs.due_at IS 'From when on it may be claimed';

COMMENT ON COLUMN work.v_runs.deadline IS 'When it fails if it has not ended';

COMMENT ON COLUMN work.v_runs.error_count IS 'Failures of its steps and of itself';

COMMENT ON COLUMN work.v_runs.error IS 'Why it failed';

COMMENT ON COLUMN work.v_runs.created_at IS 'When it was started';

COMMENT ON COLUMN work.v_runs.started_at IS 'When it was first claimed';

COMMENT ON COLUMN work.v_runs.completed_at IS 'When it ended';

COMMENT ON COLUMN work.v_runs.spans IS 'Spans recorded';

COMMENT ON COLUMN work.v_runs.input_tokens IS 'Sum over its spans, the cached ones included';

COMMENT ON COLUMN work.v_runs.output_tokens IS 'Sum over its spans';

COMMENT ON COLUMN work.v_runs.cost_usd IS 'Sum over its spans, USD';

COMMENT ON COLUMN work.v_runs.duration_seconds IS 'From the first claim to the end, or until now; waits included';

ALTER TABLE ONLY ai.agent_definitions
    ADD CONSTRAINT agent_definitions_name_version_key UNIQUE (name, version);

ALTER TABLE ONLY ai.agent_definitions
    ADD CONSTRAINT agent_definitions_pkey PRIMARY KEY (definition_id);

ALTER TABLE ONLY ai.agents
    ADD CONSTRAINT agents_pkey PRIMARY KEY (agent_id);

ALTER TABLE ONLY ai.conversations
    ADD CONSTRAINT conversations_pkey PRIMARY KEY (instance_id);

ALTER TABLE ONLY ai.messages
    ADD CONSTRAINT messages_once UNIQUE (instance_id, message_id);

ALTER TABLE ONLY ai.messages
    ADD CONSTRAINT messages_pkey PRIMARY KEY (instance_id, "position");

ALTER TABLE ONLY ai.models
    ADD CONSTRAINT models_pkey PRIMARY KEY (model, valid_from);

ALTER TABLE ONLY core.schema_files
    ADD CONSTRAINT schema_files_pkey PRIMARY KEY (path);

ALTER TABLE ONLY core.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (singleton);

ALTER TABLE ONLY iam.api_keys
    ADD CONSTRAINT api_keys_key_hash_key UNIQUE (key_hash);

ALTER TABLE ONLY iam.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (key_id);

ALTER TABLE ONLY iam.api_keys
    ADD CONSTRAINT api_keys_prefix_key UNIQUE (prefix);

ALTER TABLE ONLY iam.users
    ADD CONSTRAINT users_github_node_id_key UNIQUE (github_node_id);

ALTER TABLE ONLY iam.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY iam.users
    ADD CONSTRAINT users_username_key UNIQUE (username);

ALTER TABLE ONLY telemetry.archives
    ADD CONSTRAINT archives_pkey PRIMARY KEY (month);

ALTER TABLE ONLY telemetry.archives
    ADD CONSTRAINT archives_storage_key_key UNIQUE (storage_key);

ALTER TABLE ONLY telemetry.cycle_rollups
    ADD CONSTRAINT cycle_rollups_pkey PRIMARY KEY (item_type);

ALTER TABLE ONLY telemetry.event_rollups
    ADD CONSTRAINT event_rollups_pkey PRIMARY KEY (grain, bucket, series_id);

ALTER TABLE ONLY telemetry.event_types
    ADD CONSTRAINT event_types_pkey PRIMARY KEY (event_name, event_version);

ALTER TABLE ONLY telemetry.item_rollups
    ADD CONSTRAINT item_rollups_pkey PRIMARY KEY (item_id, item_type);

ALTER TABLE ONLY telemetry.month_rollups
    ADD CONSTRAINT month_rollups_pkey PRIMARY KEY (month);

ALTER TABLE ONLY telemetry.retired_months
    ADD CONSTRAINT retired_months_pkey PRIMARY KEY (month);

ALTER TABLE ONLY telemetry.rollup_progress
    ADD CONSTRAINT rollup_progress_pkey PRIMARY KEY (singleton);

ALTER TABLE ONLY telemetry.run_rollups
    ADD CONSTRAINT run_rollups_pkey PRIMARY KEY (run_id);

ALTER TABLE ONLY telemetry.state_changes
    ADD CONSTRAINT state_changes_pkey PRIMARY KEY (item_id, item_type, ts, event_id);

ALTER TABLE ONLY telemetry.workflow_events
    ADD CONSTRAINT workflow_events_pkey PRIMARY KEY (event_id);

ALTER TABLE ONLY work.artifact_links
    ADD CONSTRAINT artifact_links_once UNIQUE NULLS NOT DISTINCT (artifact_id, version, link_type, item_id, run_id, event_id, workflow_name);

ALTER TABLE ONLY work.artifact_tombstones
    ADD CONSTRAINT artifact_tombstones_pkey PRIMARY KEY (artifact_id, version);

ALTER TABLE ONLY work.artifact_uploads
    ADD CONSTRAINT artifact_uploads_artifact_id_version_key UNIQUE (artifact_id, version);

ALTER TABLE ONLY work.artifact_uploads
    ADD CONSTRAINT artifact_uploads_pkey PRIMARY KEY (upload_id);

ALTER TABLE ONLY work.artifact_versions
    ADD CONSTRAINT artifact_versions_pkey PRIMARY KEY (artifact_id, version);

ALTER TABLE ONLY work.artifacts
    ADD CONSTRAINT artifacts_pkey PRIMARY KEY (artifact_id);

ALTER TABLE ONLY work.attachments
    ADD CONSTRAINT attachments_pkey PRIMARY KEY (item_id, artifact_id, version);

ALTER TABLE ONLY work.checkpoint_blob_uses
    ADD CONSTRAINT checkpoint_blob_uses_pkey PRIMARY KEY (thread_key, blob_id);

ALTER TABLE ONLY work.checkpoint_blobs
    ADD CONSTRAINT checkpoint_blobs_content_hash_serde_type_key UNIQUE (content_hash, serde_type);

ALTER TABLE ONLY work.checkpoint_blobs
    ADD CONSTRAINT checkpoint_blobs_pkey PRIMARY KEY (blob_id);

ALTER TABLE ONLY work.checkpoint_threads
    ADD CONSTRAINT checkpoint_threads_pkey PRIMARY KEY (thread_key);

ALTER TABLE ONLY work.checkpoint_threads
    ADD CONSTRAINT checkpoint_threads_thread_id_key UNIQUE (thread_id);

ALTER TABLE ONLY work.checkpoint_writes
    ADD CONSTRAINT checkpoint_writes_pkey PRIMARY KEY (thread_key, checkpoint_ns, checkpoint_id, task_id);

ALTER TABLE ONLY work.checkpoints
    ADD CONSTRAINT checkpoints_pkey PRIMARY KEY (thread_key, checkpoint_ns, checkpoint_id);

ALTER TABLE ONLY work.comment_revisions
    ADD CONSTRAINT comment_revisions_pkey PRIMARY KEY (comment_id, revision);

ALTER TABLE ONLY work.comments
    ADD CONSTRAINT comments_github_node_id_key UNIQUE (github_node_id);

ALTER TABLE ONLY work.comments
    ADD CONSTRAINT comments_pkey PRIMARY KEY (comment_id);

ALTER TABLE ONLY work.decisions
    ADD CONSTRAINT decisions_pkey PRIMARY KEY (decision_id);

ALTER TABLE ONLY work.decisions
    ADD CONSTRAINT decisions_supersedes_id_key UNIQUE (supersedes_id);

ALTER TABLE ONLY work.execution_traces
    ADD CONSTRAINT execution_traces_pkey PRIMARY KEY (run_id, span_id);

ALTER TABLE ONLY work.graph_cache
    ADD CONSTRAINT graph_cache_pkey PRIMARY KEY (namespace, key);

ALTER TABLE ONLY work.item_dependencies
    ADD CONSTRAINT item_dependencies_pkey PRIMARY KEY (item_id, depends_on_item_id);

ALTER TABLE ONLY work.item_state_transitions
    ADD CONSTRAINT item_state_transitions_pkey PRIMARY KEY (item_type, from_state, to_state);

ALTER TABLE ONLY work.item_states
    ADD CONSTRAINT item_states_item_type_position_key UNIQUE (item_type, "position");

ALTER TABLE ONLY work.item_states
    ADD CONSTRAINT item_states_pkey PRIMARY KEY (item_type, state);

ALTER TABLE ONLY work.item_texts
    ADD CONSTRAINT item_texts_item_id_comment_id_key UNIQUE NULLS NOT DISTINCT (item_id, comment_id);

ALTER TABLE ONLY work.item_transitions
    ADD CONSTRAINT item_transitions_pkey PRIMARY KEY (item_id, seq);

ALTER TABLE ONLY work.items
    ADD CONSTRAINT items_pkey PRIMARY KEY (item_id);

ALTER TABLE ONLY work.projects
    ADD CONSTRAINT projects_pkey PRIMARY KEY (project_id);

ALTER TABLE ONLY work.queues
    ADD CONSTRAINT queues_pkey PRIMARY KEY (queue);

ALTER TABLE ONLY work.signals
    ADD CONSTRAINT signals_pkey PRIMARY KEY (signal_id);

ALTER TABLE ONLY work.step_executions
    ADD CONSTRAINT step_executions_pkey PRIMARY KEY (run_id, step_name);

ALTER TABLE ONLY work.task_executions
    ADD CONSTRAINT task_executions_pkey PRIMARY KEY (execution_id) WITH (fillfactor='50');

ALTER TABLE ONLY work.task_schedules
    ADD CONSTRAINT task_schedules_pkey PRIMARY KEY (schedule);

ALTER TABLE ONLY work.workflow_executions
    ADD CONSTRAINT workflow_executions_pkey PRIMARY KEY (run_id);

ALTER TABLE ONLY work.workflows
    ADD CONSTRAINT workflows_pkey PRIMARY KEY (workflow_id, version_major, version_minor, version_patch);

ALTER TABLE ONLY work.workflows
    ADD CONSTRAINT workflows_workflow_id_version_key UNIQUE (workflow_id, version);

CREATE INDEX agents_definition ON ai.agents USING btree (definition_id) WHERE (definition_id IS NOT NULL);

CREATE INDEX conversations_agent ON ai.conversations USING btree (agent_id, created_at, instance_id) WHERE (agent_id IS NOT NULL);

CREATE INDEX conversations_created ON ai.conversations USING btree (created_at, instance_id);

CREATE INDEX conversations_project ON ai.conversations USING btree (project_id, created_at, instance_id) WHERE (project_id IS NOT NULL);

CREATE INDEX conversations_run ON ai.conversations USING btree (run_id, created_at, instance_id) WHERE (run_id IS NOT NULL);

CREATE INDEX conversations_tags ON ai.conversations USING gin (tags jsonb_path_ops) WHERE (tags IS NOT NULL);

CREATE INDEX messages_search ON ai.messages USING gin (to_tsvector('english'::regconfig, "left"(content, 100000)));

CREATE INDEX messages_with_calls ON ai.messages USING btree (instance_id, "position") WHERE (tool_calls IS NOT NULL);

CREATE UNIQUE INDEX users_email ON iam.users USING btree (lower(email)) WHERE (deleted_at IS NULL);

CREATE INDEX event_rollups_name_bucket ON telemetry.event_rollups USING btree (event_name, grain, bucket);

CREATE INDEX item_rollups_ended ON telemetry.item_rollups USING btree (ended_at) WHERE (ended_at IS NOT NULL);

CREATE INDEX run_rollups_started ON telemetry.run_rollups USING btree (started_at);

CREATE INDEX workflow_events_item_ts ON ONLY telemetry.workflow_events USING btree (item_id, ts);

CREATE INDEX workflow_events_name_ts ON ONLY telemetry.workflow_events USING btree (event_name, ts);

CREATE INDEX workflow_events_recorded ON ONLY telemetry.workflow_events USING btree (recorded_epoch, recorded_xid, event_id);

CREATE INDEX workflow_events_run_ts ON ONLY telemetry.workflow_events USING btree (run_id, ts);

CREATE INDEX artifact_links_event ON work.artifact_links USING btree (event_id) WHERE (event_id IS NOT NULL);

CREATE INDEX artifact_links_item ON work.artifact_links USING btree (item_id) WHERE (item_id IS NOT NULL);

CREATE INDEX artifact_links_run ON work.artifact_links USING btree (run_id) WHERE (run_id IS NOT NULL);

CREATE INDEX artifact_links_type ON work.artifact_links USING btree (link_type);

CREATE INDEX artifact_links_workflow ON work.artifact_links USING btree (workflow_name) WHERE (workflow_name IS NOT NULL);

CREATE INDEX artifact_tombstones_unconfirmed ON work.artifact_tombstones USING btree (deleted_at) WHERE (object_deleted_at IS NULL);

CREATE INDEX artifact_uploads_leftovers ON work.artifact_uploads USING btree (cleaned_at, upload_id) WHERE (state = ANY (ARRAY['unchanged'::work.upload_state, 'aborted'::work.upload_state, 'expired'::work.upload_state]));

CREATE INDEX artifact_uploads_open ON work.artifact_uploads USING btree (expires_at) WHERE (state = 'open'::work.upload_state);

CREATE INDEX artifact_versions_content_hash ON work.artifact_versions USING btree (content_hash);

CREATE INDEX artifacts_created ON work.artifacts USING btree (created_at, artifact_id);

CREATE INDEX artifacts_owner_item ON work.artifacts USING btree (owner_item_id, created_at, artifact_id) WHERE (owner_item_id IS NOT NULL);

CREATE INDEX artifacts_owner_run ON work.artifacts USING btree (owner_run_id, created_at, artifact_id) WHERE (owner_run_id IS NOT NULL);

CREATE INDEX artifacts_project ON work.artifacts USING btree (project_id, created_at, artifact_id) WHERE (project_id IS NOT NULL);

CREATE INDEX artifacts_tags ON work.artifacts USING gin (tags jsonb_path_ops) WHERE (tags IS NOT NULL);

CREATE INDEX artifacts_type_created ON work.artifacts USING btree (type, created_at, artifact_id);

CREATE INDEX attachments_artifact ON work.attachments USING btree (artifact_id, version);

CREATE INDEX checkpoint_blob_uses_blob ON work.checkpoint_blob_uses USING btree (blob_id);

CREATE INDEX checkpoints_run ON work.checkpoints USING btree (run_id) WHERE (run_id IS NOT NULL);

CREATE INDEX comments_item ON work.comments USING btree (item_id, created_at, comment_id);

CREATE INDEX decisions_item ON work.decisions USING btree (item_id, decided_at, decision_id) WHERE (item_id IS NOT NULL);

CREATE INDEX decisions_project ON work.decisions USING btree (project_id, decided_at, decision_id) WHERE (project_id IS NOT NULL);

CREATE INDEX execution_traces_tools_idx ON work.execution_traces USING btree (recorded_at, run_id, span_id) WHERE (kind = 'tool'::text);

CREATE INDEX graph_cache_expires ON work.graph_cache USING btree (expires_at) WHERE (expires_at IS NOT NULL);

CREATE INDEX item_dependencies_depends_on ON work.item_dependencies USING btree (depends_on_item_id);

CREATE INDEX item_texts_document ON work.item_texts USING gin (document);

CREATE INDEX items_agent ON work.items USING btree (assigned_agent_id, created_at, item_id) WHERE (assigned_agent_id IS NOT NULL);

CREATE INDEX items_created ON work.items USING btree (created_at, item_id);

CREATE UNIQUE INDEX items_github_node ON work.items USING btree (github_node_id) WHERE (github_node_id IS NOT NULL);

CREATE UNIQUE INDEX items_github_number ON work.items USING btree (github_repository, github_number) WHERE (github_number IS NOT NULL);

CREATE INDEX items_open ON work.items USING btree (project_id, created_at, item_id) WHERE ((closed_at IS NULL) AND (deleted_at IS NULL));

CREATE INDEX items_project ON work.items USING btree (project_id, created_at, item_id) WHERE (project_id IS NOT NULL);

CREATE INDEX items_tags ON work.items USING gin (tags jsonb_path_ops) WHERE (tags IS NOT NULL);

CREATE INDEX items_user ON work.items USING btree (assigned_user_id, created_at, item_id) WHERE (assigned_user_id IS NOT NULL);

CREATE INDEX signals_run ON work.signals USING btree (run_id);

CREATE INDEX signals_waiting ON work.signals USING btree (run_id, event_name, created_at, signal_id) WHERE (step_name IS NULL);

CREATE INDEX task_executions_failed_idx ON work.task_executions USING btree (execution_id) WHERE (status = 'failed'::work.task_status);

CREATE INDEX task_executions_keys_idx ON work.task_executions USING btree (queue, concurrency_key, status, priority, "position") WHERE ((concurrency_key IS NOT NULL) AND (status = ANY (ARRAY['blocked'::work.task_status, 'ready'::work.task_status, 'running'::work.task_status])));

CREATE INDEX task_executions_leases_idx ON work.task_executions USING btree (lease_expires_at) WHERE (status = 'running'::work.task_status);

CREATE INDEX task_executions_ready_idx ON work.task_executions USING btree (queue, priority, "position") WHERE (status = 'ready'::work.task_status);

CREATE INDEX task_executions_run_idx ON work.task_executions USING btree (run_id) WHERE (run_id IS NOT NULL);

CREATE INDEX task_executions_scheduled_idx ON work.task_executions USING btree (scheduled_at) WHERE (status = 'scheduled'::work.task_status);

CREATE UNIQUE INDEX task_executions_unique_key_idx ON work.task_executions USING btree (queue, unique_key) WHERE (unique_key IS NOT NULL);

CREATE INDEX workflow_executions_created ON work.workflow_executions USING btree (created_at, run_id);

CREATE INDEX workflow_executions_deadline ON work.workflow_executions USING btree (deadline) WHERE ((deadline IS NOT NULL) AND (completed_at IS NULL));

CREATE INDEX workflow_executions_due ON work.workflow_executions USING btree (workflow_id, due_at, run_id) WHERE (due_at IS NOT NULL);

CREATE INDEX workflow_executions_parent ON work.workflow_executions USING btree (parent_run_id) WHERE (parent_run_id IS NOT NULL);

CREATE INDEX workflow_executions_project ON work.workflow_executions USING btree (project_id, created_at, run_id) WHERE (project_id IS NOT NULL);

CREATE INDEX workflow_executions_status ON work.workflow_executions USING btree (status, created_at, run_id);

CREATE INDEX workflow_executions_tags ON work.workflow_executions USING gin (tags jsonb_path_ops) WHERE (tags IS NOT NULL);

CREATE INDEX workflow_executions_workflow ON work.workflow_executions USING btree (workflow_id, created_at, run_id);

CREATE INDEX workflows_tags ON work.workflows USING gin (tags jsonb_path_ops) WHERE (tags IS NOT NULL);

CREATE TRIGGER agent_definitions_immutable BEFORE DELETE OR UPDATE ON ai.agent_definitions FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE ai.agent_definitions ENABLE ALWAYS TRIGGER agent_definitions_immutable;

CREATE TRIGGER agent_definitions_keep_all BEFORE TRUNCATE ON ai.agent_definitions FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE ai.agent_definitions ENABLE ALWAYS TRIGGER agent_definitions_keep_all;

CREATE TRIGGER conversations_immutable BEFORE UPDATE ON ai.conversations FOR EACH ROW WHEN ((((new.instance_id IS DISTINCT FROM old.instance_id) OR (new.created_at IS DISTINCT FROM old.created_at)) OR (new.message_count < old.message_count))) EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE ai.conversations ENABLE ALWAYS TRIGGER conversations_immutable;

CREATE TRIGGER conversations_keep BEFORE DELETE ON ai.conversations FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE ai.conversations ENABLE ALWAYS TRIGGER conversations_keep;

CREATE TRIGGER conversations_keep_all BEFORE TRUNCATE ON ai.conversations FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE ai.conversations ENABLE ALWAYS TRIGGER conversations_keep_all;

CREATE TRIGGER messages_append_only BEFORE DELETE OR UPDATE ON ai.messages FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE ai.messages ENABLE ALWAYS TRIGGER messages_append_only;

CREATE TRIGGER messages_keep_all BEFORE TRUNCATE ON ai.messages FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE ai.messages ENABLE ALWAYS TRIGGER messages_keep_all;

CREATE TRIGGER models_immutable BEFORE DELETE OR UPDATE ON ai.models FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE ai.models ENABLE ALWAYS TRIGGER models_immutable;

CREATE TRIGGER models_keep_all BEFORE TRUNCATE ON ai.models FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE ai.models ENABLE ALWAYS TRIGGER models_keep_all;

CREATE TRIGGER settings_guard BEFORE UPDATE ON core.settings FOR EACH ROW EXECUTE FUNCTION core.settings_guard();

ALTER TABLE core.settings ENABLE ALWAYS TRIGGER settings_guard;

CREATE TRIGGER settings_keep BEFORE DELETE ON core.settings FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE core.settings ENABLE ALWAYS TRIGGER settings_keep;

CREATE TRIGGER settings_keep_all BEFORE TRUNCATE ON core.settings FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE core.settings ENABLE ALWAYS TRIGGER settings_keep_all;

CREATE TRIGGER api_keys_immutable BEFORE UPDATE ON iam.api_keys FOR EACH ROW WHEN (((((((((((new.key_id)::text IS DISTINCT FROM (old.key_id)::text) OR (new.name IS DISTINCT FROM old.name)) OR (new.prefix IS DISTINCT FROM old.prefix)) OR (new.key_hash IS DISTINCT FROM old.key_hash)) OR (new.role IS DISTINCT FROM old.role)) OR (new.scopes IS DISTINCT FROM old.scopes)) OR (new.created_at IS DISTINCT FROM old.created_at)) OR (new.expires_at IS DISTINCT FROM old.expires_at)) OR ((old.revoked_at IS NOT NULL) AND (new.revoked_at IS DISTINCT FROM old.revoked_at)))) EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE iam.api_keys ENABLE ALWAYS TRIGGER api_keys_immutable;

CREATE TRIGGER api_keys_keep BEFORE DELETE ON iam.api_keys FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE iam.api_keys ENABLE ALWAYS TRIGGER api_keys_keep;

CREATE TRIGGER api_keys_keep_all BEFORE TRUNCATE ON iam.api_keys FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE iam.api_keys ENABLE ALWAYS TRIGGER api_keys_keep_all;

CREATE TRIGGER state_changes_append_only BEFORE DELETE OR UPDATE ON telemetry.state_changes FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE telemetry.state_changes ENABLE ALWAYS TRIGGER state_changes_append_only;

CREATE TRIGGER state_changes_keep_all BEFORE TRUNCATE ON telemetry.state_changes FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE telemetry.state_changes ENABLE ALWAYS TRIGGER state_changes_keep_all;

CREATE TRIGGER workflow_events_append_only BEFORE DELETE OR UPDATE ON telemetry.workflow_events FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE telemetry.workflow_events ENABLE ALWAYS TRIGGER workflow_events_append_only;

CREATE TRIGGER workflow_events_keep_all BEFORE TRUNCATE ON telemetry.workflow_events FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE telemetry.workflow_events ENABLE ALWAYS TRIGGER workflow_events_keep_all;

CREATE TRIGGER artifact_tombstones_immutable BEFORE UPDATE ON work.artifact_tombstones FOR EACH ROW WHEN (((old.object_deleted_at IS NOT NULL) OR (new.object_deleted_at IS NULL) OR ((((((((new.artifact_id)::text IS DISTINCT FROM (old.artifact_id)::text) OR (new.version IS DISTINCT FROM old.version)) OR (new.storage_key IS DISTINCT FROM old.storage_key)) OR (new.reason IS DISTINCT FROM old.reason)) OR (new.deleted_by IS DISTINCT FROM old.deleted_by)) OR (new.deleted_as IS DISTINCT FROM old.deleted_as)) OR (new.deleted_at IS DISTINCT FROM old.deleted_at)))) EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.artifact_tombstones ENABLE ALWAYS TRIGGER artifact_tombstones_immutable;

CREATE TRIGGER artifact_tombstones_keep BEFORE DELETE ON work.artifact_tombstones FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.artifact_tombstones ENABLE ALWAYS TRIGGER artifact_tombstones_keep;

CREATE TRIGGER artifact_tombstones_keep_all BEFORE TRUNCATE ON work.artifact_tombstones FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.artifact_tombstones ENABLE ALWAYS TRIGGER artifact_tombstones_keep_all;

CREATE TRIGGER artifact_versions_immutable BEFORE UPDATE ON work.artifact_versions FOR EACH ROW WHEN ((old.is_kb_ingested OR (NOT new.is_kb_ingested) OR (((((((((((((new.artifact_id)::text IS DISTINCT FROM (old.artifact_id)::text) OR (new.version IS DISTINCT FROM old.version)) OR (new.mime_type IS DISTINCT FROM old.mime_type)) OR (new.size_bytes IS DISTINCT FROM old.size_bytes)) OR (new.content_hash IS DISTINCT FROM old.content_hash)) OR (new.storage_backend IS DISTINCT FROM old.storage_backend)) OR (new.storage_key IS DISTINCT FROM old.storage_key)) OR (new.inline_content_text IS DISTINCT FROM old.inline_content_text)) OR (new.is_json_opaque IS DISTINCT FROM old.is_json_opaque)) OR (new.preview_text IS DISTINCT FROM old.preview_text)) OR ((new.extracted_fields)::text IS DISTINCT FROM (old.extracted_fields)::text)) OR (new.created_at IS DISTINCT FROM old.created_at)))) EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.artifact_versions ENABLE ALWAYS TRIGGER artifact_versions_immutable;

CREATE TRIGGER artifact_versions_keep BEFORE DELETE ON work.artifact_versions FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.artifact_versions ENABLE ALWAYS TRIGGER artifact_versions_keep;

CREATE TRIGGER artifact_versions_keep_all BEFORE TRUNCATE ON work.artifact_versions FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.artifact_versions ENABLE ALWAYS TRIGGER artifact_versions_keep_all;

CREATE TRIGGER artifacts_keep BEFORE DELETE ON work.artifacts FOR EACH ROW WHEN ((old.latest_version > 0)) EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.artifacts ENABLE ALWAYS TRIGGER artifacts_keep;

CREATE TRIGGER artifacts_keep_all BEFORE TRUNCATE ON work.artifacts FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.artifacts ENABLE ALWAYS TRIGGER artifacts_keep_all;

CREATE TRIGGER artifacts_only_grow BEFORE UPDATE ON work.artifacts FOR EACH ROW WHEN ((((new.artifact_id)::text <> (old.artifact_id)::text) OR (new.type <> old.type) OR (new.created_at <> old.created_at) OR (new.latest_version < old.latest_version) OR (new.reserved_version < old.reserved_version))) EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.artifacts ENABLE ALWAYS TRIGGER artifacts_only_grow;

CREATE TRIGGER attachments_immutable BEFORE UPDATE ON work.attachments FOR EACH ROW WHEN (((((((new.item_id IS DISTINCT FROM old.item_id) OR ((new.artifact_id)::text IS DISTINCT FROM (old.artifact_id)::text)) OR (new.version IS DISTINCT FROM old.version)) OR (new.label IS DISTINCT FROM old.label)) OR (new.attached_by IS DISTINCT FROM old.attached_by)) OR (new.created_at IS DISTINCT FROM old.created_at))) EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.attachments ENABLE ALWAYS TRIGGER attachments_immutable;

CREATE TRIGGER attachments_keep BEFORE DELETE ON work.attachments FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.attachments ENABLE ALWAYS TRIGGER attachments_keep;

CREATE TRIGGER attachments_keep_all BEFORE TRUNCATE ON work.attachments FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.attachments ENABLE ALWAYS TRIGGER attachments_keep_all;

CREATE TRIGGER checkpoint_blobs_immutable BEFORE UPDATE ON work.checkpoint_blobs FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.checkpoint_blobs ENABLE ALWAYS TRIGGER checkpoint_blobs_immutable;

CREATE TRIGGER comment_revisions_immutable BEFORE DELETE OR UPDATE ON work.comment_revisions FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.comment_revisions ENABLE ALWAYS TRIGGER comment_revisions_immutable;

CREATE TRIGGER comment_revisions_keep_all BEFORE TRUNCATE ON work.comment_revisions FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.comment_revisions ENABLE ALWAYS TRIGGER comment_revisions_keep_all;

CREATE TRIGGER comments_immutable BEFORE UPDATE ON work.comments FOR EACH ROW WHEN (((old.deleted_at IS NOT NULL) OR ((((((((((new.comment_id)::text IS DISTINCT FROM (old.comment_id)::text) OR (new.item_id IS DISTINCT FROM old.item_id)) OR (new.author IS DISTINCT FROM old.author)) OR (new.is_ai IS DISTINCT FROM old.is_ai)) OR ((new.author_user_id)::text IS DISTINCT FROM (old.author_user_id)::text)) OR (new.author_agent_id IS DISTINCT FROM old.author_agent_id)) OR (new.github_node_id IS DISTINCT FROM old.github_node_id)) OR ((new.metadata)::text IS DISTINCT FROM (old.metadata)::text)) OR (new.created_at IS DISTINCT FROM old.created_at)) OR ((new.body = old.body) AND ((new.edited_at IS DISTINCT FROM old.edited_at) OR (new.edited_by IS DISTINCT FROM old.edited_by))))) EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.comments ENABLE ALWAYS TRIGGER comments_immutable;

CREATE TRIGGER comments_keep BEFORE DELETE ON work.comments FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.comments ENABLE ALWAYS TRIGGER comments_keep;

CREATE TRIGGER comments_keep_all BEFORE TRUNCATE ON work.comments FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.comments ENABLE ALWAYS TRIGGER comments_keep_all;

CREATE TRIGGER comments_revise BEFORE UPDATE ON work.comments FOR EACH ROW WHEN ((new.body <> old.body)) EXECUTE FUNCTION work.keep_comment_revision();

ALTER TABLE work.comments ENABLE ALWAYS TRIGGER comments_revise;

CREATE TRIGGER comments_text AFTER INSERT OR UPDATE ON work.comments FOR EACH ROW EXECUTE FUNCTION work.index_comment_text();

CREATE TRIGGER decisions_begin BEFORE INSERT ON work.decisions FOR EACH ROW WHEN ((new.supersedes_id IS NOT NULL)) EXECUTE FUNCTION work.guard_decision();

CREATE TRIGGER decisions_immutable BEFORE DELETE OR UPDATE ON work.decisions FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.decisions ENABLE ALWAYS TRIGGER decisions_immutable;

CREATE TRIGGER decisions_keep_all BEFORE TRUNCATE ON work.decisions FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.decisions ENABLE ALWAYS TRIGGER decisions_keep_all;

CREATE TRIGGER execution_traces_immutable BEFORE UPDATE ON work.execution_traces FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.execution_traces ENABLE ALWAYS TRIGGER execution_traces_immutable;

CREATE TRIGGER item_dependencies_guard BEFORE INSERT ON work.item_dependencies FOR EACH ROW EXECUTE FUNCTION work.guard_item_dependency();

CREATE TRIGGER item_dependencies_immutable BEFORE UPDATE ON work.item_dependencies FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.item_dependencies ENABLE ALWAYS TRIGGER item_dependencies_immutable;

CREATE TRIGGER item_states_immutable BEFORE DELETE OR UPDATE ON work.item_states FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.item_states ENABLE ALWAYS TRIGGER item_states_immutable;

CREATE TRIGGER item_states_keep_all BEFORE TRUNCATE ON work.item_states FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.item_states ENABLE ALWAYS TRIGGER item_states_keep_all;

CREATE TRIGGER item_transitions_follow AFTER INSERT ON work.item_transitions FOR EACH ROW EXECUTE FUNCTION work.follow_item_transition();

CREATE TRIGGER item_transitions_guard BEFORE INSERT ON work.item_transitions FOR EACH ROW EXECUTE FUNCTION work.guard_item_transition();

CREATE TRIGGER item_transitions_immutable BEFORE DELETE OR UPDATE ON work.item_transitions FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.item_transitions ENABLE ALWAYS TRIGGER item_transitions_immutable;

CREATE TRIGGER item_transitions_keep_all BEFORE TRUNCATE ON work.item_transitions FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.item_transitions ENABLE ALWAYS TRIGGER item_transitions_keep_all;

CREATE TRIGGER items_begin BEFORE INSERT ON work.items FOR EACH ROW EXECUTE FUNCTION work.guard_new_item();

CREATE TRIGGER items_guard BEFORE UPDATE ON work.items FOR EACH ROW WHEN ((((((((((new.item_id IS DISTINCT FROM old.item_id) OR (new.item_type IS DISTINCT FROM old.item_type)) OR (new.created_by IS DISTINCT FROM old.created_by)) OR (new.run_id IS DISTINCT FROM old.run_id)) OR (new.created_at IS DISTINCT FROM old.created_at)) OR (new.state IS DISTINCT FROM old.state)) OR (new.state_seq IS DISTINCT FROM old.state_seq)) OR (new.state_since IS DISTINCT FROM old.state_since)) OR (new.closed_at IS DISTINCT FROM old.closed_at))) EXECUTE FUNCTION work.guard_item();

ALTER TABLE work.items ENABLE ALWAYS TRIGGER items_guard;

CREATE TRIGGER items_history AFTER INSERT ON work.items FOR EACH ROW EXECUTE FUNCTION work.begin_item_history();

CREATE TRIGGER items_keep BEFORE DELETE ON work.items FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.items ENABLE ALWAYS TRIGGER items_keep;

CREATE TRIGGER items_keep_all BEFORE TRUNCATE ON work.items FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.items ENABLE ALWAYS TRIGGER items_keep_all;

CREATE TRIGGER items_text AFTER INSERT ON work.items FOR EACH ROW EXECUTE FUNCTION work.index_item_text();

CREATE TRIGGER items_text_changed AFTER UPDATE ON work.items FOR EACH ROW WHEN (((new.title IS DISTINCT FROM old.title) OR (new.description IS DISTINCT FROM old.description))) EXECUTE FUNCTION work.index_item_text();

CREATE TRIGGER projects_keep BEFORE DELETE ON work.projects FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.projects ENABLE ALWAYS TRIGGER projects_keep;

CREATE TRIGGER projects_keep_all BEFORE TRUNCATE ON work.projects FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.projects ENABLE ALWAYS TRIGGER projects_keep_all;

CREATE TRIGGER signals_received BEFORE UPDATE ON work.signals FOR EACH ROW WHEN (((old.step_name IS NOT NULL) OR (new.step_name IS NULL) OR ((((((new.signal_id)::text IS DISTINCT FROM (old.signal_id)::text) OR (new.run_id IS DISTINCT FROM old.run_id)) OR (new.event_name IS DISTINCT FROM old.event_name)) OR (new.payload IS DISTINCT FROM old.payload)) OR (new.created_at IS DISTINCT FROM old.created_at)))) EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.signals ENABLE ALWAYS TRIGGER signals_received;

CREATE TRIGGER step_executions_completed BEFORE UPDATE ON work.step_executions FOR EACH ROW WHEN ((old.status = 'completed'::text)) EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.step_executions ENABLE ALWAYS TRIGGER step_executions_completed;

CREATE TRIGGER workflow_executions_begin BEFORE INSERT ON work.workflow_executions FOR EACH ROW EXECUTE FUNCTION work.guard_execution();

ALTER TABLE work.workflow_executions ENABLE ALWAYS TRIGGER workflow_executions_begin;

CREATE TRIGGER workflow_executions_begun AFTER INSERT ON work.workflow_executions FOR EACH ROW EXECUTE FUNCTION work.store_execution_event();

CREATE TRIGGER workflow_executions_changed AFTER UPDATE ON work.workflow_executions FOR EACH ROW WHEN ((new.status <> old.status)) EXECUTE FUNCTION work.store_execution_event();

CREATE TRIGGER workflow_executions_ended BEFORE UPDATE ON work.workflow_executions FOR EACH ROW WHEN (((old.status = ANY (ARRAY['completed'::text, 'failed'::text, 'cancelled'::text])) AND (new.status = old.status))) EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.workflow_executions ENABLE ALWAYS TRIGGER workflow_executions_ended;

CREATE TRIGGER workflow_executions_identity BEFORE UPDATE OF run_id, workflow_id, version, parent_run_id, inputs, project_id, created_at ON work.workflow_executions FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.workflow_executions ENABLE ALWAYS TRIGGER workflow_executions_identity;

CREATE TRIGGER workflow_executions_machine BEFORE UPDATE ON work.workflow_executions FOR EACH ROW WHEN ((new.status <> old.status)) EXECUTE FUNCTION work.guard_execution();

ALTER TABLE work.workflow_executions ENABLE ALWAYS TRIGGER workflow_executions_machine;

CREATE TRIGGER workflow_executions_wake_parent AFTER UPDATE ON work.workflow_executions FOR EACH ROW WHEN (((new.parent_run_id IS NOT NULL) AND (new.completed_at IS NOT NULL) AND (old.completed_at IS NULL))) EXECUTE FUNCTION work.wake_parent();

CREATE TRIGGER workflows_keep_definition BEFORE UPDATE ON work.workflows FOR EACH ROW WHEN (((old.used_at IS NOT NULL) AND (((((((new.used_at IS DISTINCT FROM old.used_at) OR (new.workflow_id IS DISTINCT FROM old.workflow_id)) OR (new.version_major IS DISTINCT FROM old.version_major)) OR (new.version_minor IS DISTINCT FROM old.version_minor)) OR (new.version_patch IS DISTINCT FROM old.version_patch)) OR (new.steps IS DISTINCT FROM old.steps)) OR (new.created_at IS DISTINCT FROM old.created_at)))) EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.workflows ENABLE ALWAYS TRIGGER workflows_keep_definition;

ALTER TABLE ONLY ai.agents
    ADD CONSTRAINT agents_definition_id_fkey FOREIGN KEY (definition_id) REFERENCES ai.agent_definitions(definition_id);

ALTER TABLE ONLY ai.messages
    ADD CONSTRAINT messages_instance_id_fkey FOREIGN KEY (instance_id) REFERENCES ai.conversations(instance_id);

ALTER TABLE ONLY work.artifact_links
    ADD CONSTRAINT artifact_links_artifact_id_version_fkey FOREIGN KEY (artifact_id, version) REFERENCES work.artifact_versions(artifact_id, version);

ALTER TABLE ONLY work.artifact_tombstones
    ADD CONSTRAINT artifact_tombstones_artifact_id_version_fkey FOREIGN KEY (artifact_id, version) REFERENCES work.artifact_versions(artifact_id, version);

ALTER TABLE ONLY work.artifact_uploads
    ADD CONSTRAINT artifact_uploads_artifact_id_fkey FOREIGN KEY (artifact_id) REFERENCES work.artifacts(artifact_id);

ALTER TABLE ONLY work.artifact_versions
    ADD CONSTRAINT artifact_versions_artifact_id_fkey FOREIGN KEY (artifact_id) REFERENCES work.artifacts(artifact_id);

ALTER TABLE ONLY work.attachments
    ADD CONSTRAINT attachments_artifact_id_version_fkey FOREIGN KEY (artifact_id, version) REFERENCES work.artifact_versions(artifact_id, version);

ALTER TABLE ONLY work.attachments
    ADD CONSTRAINT attachments_item_id_fkey FOREIGN KEY (item_id) REFERENCES work.items(item_id);

ALTER TABLE ONLY work.checkpoint_blob_uses
    ADD CONSTRAINT checkpoint_blob_uses_blob_id_fkey FOREIGN KEY (blob_id) REFERENCES work.checkpoint_blobs(blob_id);

ALTER TABLE ONLY work.checkpoint_blob_uses
    ADD CONSTRAINT checkpoint_blob_uses_thread_key_fkey FOREIGN KEY (thread_key) REFERENCES work.checkpoint_threads(thread_key);

ALTER TABLE ONLY work.checkpoint_writes
    ADD CONSTRAINT checkpoint_writes_thread_key_fkey FOREIGN KEY (thread_key) REFERENCES work.checkpoint_threads(thread_key);

ALTER TABLE ONLY work.checkpoints
    ADD CONSTRAINT checkpoints_thread_key_fkey FOREIGN KEY (thread_key) REFERENCES work.checkpoint_threads(thread_key);

ALTER TABLE ONLY work.comment_revisions
    ADD CONSTRAINT comment_revisions_comment_id_fkey FOREIGN KEY (comment_id) REFERENCES work.comments(comment_id);

ALTER TABLE ONLY work.comments
    ADD CONSTRAINT comments_author_agent_id_fkey FOREIGN KEY (author_agent_id) REFERENCES ai.agents(agent_id);

ALTER TABLE ONLY work.comments
    ADD CONSTRAINT comments_author_user_id_fkey FOREIGN KEY (author_user_id) REFERENCES iam.users(user_id);

ALTER TABLE ONLY work.comments
    ADD CONSTRAINT comments_item_id_fkey FOREIGN KEY (item_id) REFERENCES work.items(item_id);

ALTER TABLE ONLY work.decisions
    ADD CONSTRAINT decisions_item_id_fkey FOREIGN KEY (item_id) REFERENCES work.items(item_id);

ALTER TABLE ONLY work.decisions
    ADD CONSTRAINT decisions_project_id_fkey FOREIGN KEY (project_id) REFERENCES work.projects(project_id);

ALTER TABLE ONLY work.decisions
    ADD CONSTRAINT decisions_supersedes_id_fkey FOREIGN KEY (supersedes_id) REFERENCES work.decisions(decision_id);

ALTER TABLE ONLY work.execution_traces
    ADD CONSTRAINT execution_traces_run_id_fkey FOREIGN KEY (run_id) REFERENCES work.workflow_executions(run_id);

ALTER TABLE ONLY work.item_dependencies
    ADD CONSTRAINT item_dependencies_depends_on_item_id_fkey FOREIGN KEY (depends_on_item_id) REFERENCES work.items(item_id);

ALTER TABLE ONLY work.item_dependencies
    ADD CONSTRAINT item_dependencies_item_id_fkey FOREIGN KEY (item_id) REFERENCES work.items(item_id);

ALTER TABLE ONLY work.item_state_transitions
    ADD CONSTRAINT item_state_transitions_item_type_from_state_fkey FOREIGN KEY (item_type, from_state) REFERENCES work.item_states(item_type, state);

ALTER TABLE ONLY work.item_state_transitions
    ADD CONSTRAINT item_state_transitions_item_type_to_state_fkey FOREIGN KEY (item_type, to_state) REFERENCES work.item_states(item_type, state);

ALTER TABLE ONLY work.item_texts
    ADD CONSTRAINT item_texts_comment_id_fkey FOREIGN KEY (comment_id) REFERENCES work.comments(comment_id);

ALTER TABLE ONLY work.item_texts
    ADD CONSTRAINT item_texts_item_id_fkey FOREIGN KEY (item_id) REFERENCES work.items(item_id);

ALTER TABLE ONLY work.item_transitions
    ADD CONSTRAINT item_transitions_item_id_fkey FOREIGN KEY (item_id) REFERENCES work.items(item_id);

ALTER TABLE ONLY work.items
    ADD CONSTRAINT items_assigned_agent_id_fkey FOREIGN KEY (assigned_agent_id) REFERENCES ai.agents(agent_id);

ALTER TABLE ONLY work.items
    ADD CONSTRAINT items_assigned_user_id_fkey FOREIGN KEY (assigned_user_id) REFERENCES iam.users(user_id);

ALTER TABLE ONLY work.items
    ADD CONSTRAINT items_project_id_fkey FOREIGN KEY (project_id) REFERENCES work.projects(project_id);

ALTER TABLE ONLY work.signals
    ADD CONSTRAINT signals_run_id_fkey FOREIGN KEY (run_id) REFERENCES work.workflow_executions(run_id);

ALTER TABLE ONLY work.step_executions
    ADD CONSTRAINT step_executions_run_id_fkey FOREIGN KEY (run_id) REFERENCES work.workflow_executions(run_id);

ALTER TABLE ONLY work.workflow_executions
    ADD CONSTRAINT workflow_executions_parent_run_id_fkey FOREIGN KEY (parent_run_id) REFERENCES work.workflow_executions(run_id);

ALTER TABLE ONLY work.workflow_executions
    ADD CONSTRAINT workflow_executions_workflow_id_version_fkey FOREIGN KEY (workflow_id, version) REFERENCES work.workflows(workflow_id, version);

GRANT USAGE ON SCHEMA ai TO pylayer_api;
GRANT USAGE ON SCHEMA ai TO pylayer_admin;
GRANT USAGE ON SCHEMA ai TO pylayer_agent;
GRANT USAGE ON SCHEMA ai TO pylayer_analyst;
GRANT USAGE ON SCHEMA ai TO pylayer_auditor;

GRANT USAGE ON SCHEMA core TO pylayer_api;
GRANT USAGE ON SCHEMA core TO pylayer_admin;
GRANT USAGE ON SCHEMA core TO pylayer_agent;
GRANT USAGE ON SCHEMA core TO pylayer_analyst;
GRANT USAGE ON SCHEMA core TO pylayer_auditor;

GRANT USAGE ON SCHEMA iam TO pylayer_api;
GRANT USAGE ON SCHEMA iam TO pylayer_admin;
GRANT USAGE ON SCHEMA iam TO pylayer_agent;
GRANT USAGE ON SCHEMA iam TO pylayer_analyst;
GRANT USAGE ON SCHEMA iam TO pylayer_auditor;

GRANT USAGE ON SCHEMA telemetry TO pylayer_api;
GRANT USAGE ON SCHEMA telemetry TO pylayer_admin;
GRANT USAGE ON SCHEMA telemetry TO pylayer_agent;
GRANT USAGE ON SCHEMA telemetry TO pylayer_analyst;
GRANT USAGE ON SCHEMA telemetry TO pylayer_auditor;

GRANT USAGE ON SCHEMA work TO pylayer_api;
GRANT USAGE ON SCHEMA work TO pylayer_admin;
GRANT USAGE ON SCHEMA work TO pylayer_agent;
GRANT USAGE ON SCHEMA work TO pylayer_analyst;
GRANT USAGE ON SCHEMA work TO pylayer_auditor;

REVOKE ALL ON FUNCTION ai.agent_rows(p_agent_ids text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION ai.append_message(p_instance_id text, p_role text, p_content text, p_message_id text, p_agent_id text, p_tool_calls jsonb, p_tool_call_id text, p_is_error boolean, p_metadata jsonb, p_token_count bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ai.append_message(p_instance_id text, p_role text, p_content text, p_message_id text, p_agent_id text, p_tool_calls jsonb, p_tool_call_id text, p_is_error boolean, p_metadata jsonb, p_token_count bigint) TO pylayer_agent;

REVOKE ALL ON FUNCTION ai.append_messages(p_instance_id text, p_messages jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION ai.append_messages(p_instance_id text, p_messages jsonb) TO pylayer_agent;

REVOKE ALL ON FUNCTION ai.check_messages(p_messages jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION ai.conversation_window(p_instance_id text, p_max_tokens bigint, p_max_messages integer) FROM PUBLIC;
GRANT ALL ON FUNCTION ai.conversation_window(p_instance_id text, p_max_tokens bigint, p_max_messages integer) TO pylayer_agent;
GRANT ALL ON FUNCTION ai.conversation_window(p_instance_id text, p_max_tokens bigint, p_max_messages integer) TO pylayer_analyst;
GRANT ALL ON FUNCTION ai.conversation_window(p_instance_id text, p_max_tokens bigint, p_max_messages integer) TO pylayer_auditor;

REVOKE ALL ON FUNCTION ai.cost_usd_est(p_model text, p_input_tokens bigint, p_cached_input_tokens bigint, p_output_tokens bigint, p_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION ai.cost_usd_est(p_model text, p_input_tokens bigint, p_cached_input_tokens bigint, p_output_tokens bigint, p_at timestamp with time zone) TO pylayer_admin;
GRANT ALL ON FUNCTION ai.cost_usd_est(p_model text, p_input_tokens bigint, p_cached_input_tokens bigint, p_output_tokens bigint, p_at timestamp with time zone) TO pylayer_agent;
GRANT ALL ON FUNCTION ai.cost_usd_est(p_model text, p_input_tokens bigint, p_cached_input_tokens bigint, p_output_tokens bigint, p_at timestamp with time zone) TO pylayer_analyst;
GRANT ALL ON FUNCTION ai.cost_usd_est(p_model text, p_input_tokens bigint, p_cached_input_tokens bigint, p_output_tokens bigint, p_at timestamp with time zone) TO pylayer_auditor;

REVOKE ALL ON FUNCTION ai.definition_rows(p_definition_ids text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION ai.get_agent(p_agent_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION ai.get_agent(p_agent_id text) TO pylayer_agent;
GRANT ALL ON FUNCTION ai.get_agent(p_agent_id text) TO pylayer_analyst;
GRANT ALL ON FUNCTION ai.get_agent(p_agent_id text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION ai.get_agent_definition(p_name text, p_version integer) FROM PUBLIC;
GRANT ALL ON FUNCTION ai.get_agent_definition(p_name text, p_version integer) TO pylayer_agent;
GRANT ALL ON FUNCTION ai.get_agent_definition(p_name text, p_version integer) TO pylayer_analyst;
GRANT ALL ON FUNCTION ai.get_agent_definition(p_name text, p_version integer) TO pylayer_auditor;

REVOKE ALL ON FUNCTION ai.get_conversation(p_instance_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION ai.get_conversation(p_instance_id text) TO pylayer_agent;
GRANT ALL ON FUNCTION ai.get_conversation(p_instance_id text) TO pylayer_analyst;
GRANT ALL ON FUNCTION ai.get_conversation(p_instance_id text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION ai.given_messages(p_instance_id text, p_messages jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION ai.is_tool_calls(p_tool_calls jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION ai.is_tool_calls(p_tool_calls jsonb) TO pylayer_api;

REVOKE ALL ON FUNCTION ai.list_agent_definitions(p_limit integer, p_after text) FROM PUBLIC;
GRANT ALL ON FUNCTION ai.list_agent_definitions(p_limit integer, p_after text) TO pylayer_agent;
GRANT ALL ON FUNCTION ai.list_agent_definitions(p_limit integer, p_after text) TO pylayer_analyst;
GRANT ALL ON FUNCTION ai.list_agent_definitions(p_limit integer, p_after text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION ai.list_agents(p_status text, p_project_id text, p_limit integer, p_after text) FROM PUBLIC;
GRANT ALL ON FUNCTION ai.list_agents(p_status text, p_project_id text, p_limit integer, p_after text) TO pylayer_agent;
GRANT ALL ON FUNCTION ai.list_agents(p_status text, p_project_id text, p_limit integer, p_after text) TO pylayer_analyst;
GRANT ALL ON FUNCTION ai.list_agents(p_status text, p_project_id text, p_limit integer, p_after text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION ai.list_conversations(p_agent_id text, p_run_id text, p_project_id text, p_tags jsonb, p_limit integer, p_after text) FROM PUBLIC;
GRANT ALL ON FUNCTION ai.list_conversations(p_agent_id text, p_run_id text, p_project_id text, p_tags jsonb, p_limit integer, p_after text) TO pylayer_agent;
GRANT ALL ON FUNCTION ai.list_conversations(p_agent_id text, p_run_id text, p_project_id text, p_tags jsonb, p_limit integer, p_after text) TO pylayer_analyst;
GRANT ALL ON FUNCTION ai.list_conversations(p_agent_id text, p_run_id text, p_project_id text, p_tags jsonb, p_limit integer, p_after text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION ai.list_messages(p_instance_id text, p_limit integer, p_after bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ai.list_messages(p_instance_id text, p_limit integer, p_after bigint) TO pylayer_agent;
GRANT ALL ON FUNCTION ai.list_messages(p_instance_id text, p_limit integer, p_after bigint) TO pylayer_analyst;
GRANT ALL ON FUNCTION ai.list_messages(p_instance_id text, p_limit integer, p_after bigint) TO pylayer_auditor;

REVOKE ALL ON FUNCTION ai.message_problem(p_message jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION ai.model_prices(p_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION ai.model_prices(p_at timestamp with time zone) TO pylayer_admin;
GRANT ALL ON FUNCTION ai.model_prices(p_at timestamp with time zone) TO pylayer_agent;
GRANT ALL ON FUNCTION ai.model_prices(p_at timestamp with time zone) TO pylayer_analyst;
GRANT ALL ON FUNCTION ai.model_prices(p_at timestamp with time zone) TO pylayer_auditor;

REVOKE ALL ON FUNCTION ai.refuse_no_conversation(p_instance_id text) FROM PUBLIC;

REVOKE ALL ON FUNCTION ai.save_agent(p_agent_id text, p_fields jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION ai.save_agent(p_agent_id text, p_fields jsonb) TO pylayer_admin;

REVOKE ALL ON FUNCTION ai.save_agent_definition(p_name text, p_fields jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION ai.save_agent_definition(p_name text, p_fields jsonb) TO pylayer_admin;

REVOKE ALL ON FUNCTION ai.save_conversation(p_instance_id text, p_fields jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION ai.save_conversation(p_instance_id text, p_fields jsonb) TO pylayer_agent;

REVOKE ALL ON FUNCTION ai.search_messages(p_query text, p_instance_id text, p_agent_id text, p_project_id text, p_limit integer, p_after_instance_id text, p_after_position bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ai.search_messages(p_query text, p_instance_id text, p_agent_id text, p_project_id text, p_limit integer, p_after_instance_id text, p_after_position bigint) TO pylayer_agent;
GRANT ALL ON FUNCTION ai.search_messages(p_query text, p_instance_id text, p_agent_id text, p_project_id text, p_limit integer, p_after_instance_id text, p_after_position bigint) TO pylayer_analyst;
GRANT ALL ON FUNCTION ai.search_messages(p_query text, p_instance_id text, p_agent_id text, p_project_id text, p_limit integer, p_after_instance_id text, p_after_position bigint) TO pylayer_auditor;

REVOKE ALL ON FUNCTION ai.set_model_price(p_model text, p_provider text, p_input_usd_per_mtok numeric, p_output_usd_per_mtok numeric, p_valid_from timestamp with time zone, p_cached_input_usd_per_mtok numeric) FROM PUBLIC;
GRANT ALL ON FUNCTION ai.set_model_price(p_model text, p_provider text, p_input_usd_per_mtok numeric, p_output_usd_per_mtok numeric, p_valid_from timestamp with time zone, p_cached_input_usd_per_mtok numeric) TO pylayer_admin;

REVOKE ALL ON FUNCTION ai.training_chat(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ai.training_chat(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) TO pylayer_admin;
GRANT ALL ON FUNCTION ai.training_chat(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) TO pylayer_analyst;

REVOKE ALL ON FUNCTION core.advance_epoch() FROM PUBLIC;
GRANT ALL ON FUNCTION core.advance_epoch() TO pylayer_admin;

REVOKE ALL ON FUNCTION core.crockford_8(p_bits bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION core.crockford_8(p_bits bigint) TO pylayer_api;
GRANT ALL ON FUNCTION core.crockford_8(p_bits bigint) TO pylayer_admin;
GRANT ALL ON FUNCTION core.crockford_8(p_bits bigint) TO pylayer_agent;
GRANT ALL ON FUNCTION core.crockford_8(p_bits bigint) TO pylayer_analyst;
GRANT ALL ON FUNCTION core.crockford_8(p_bits bigint) TO pylayer_auditor;

REVOKE ALL ON FUNCTION core.current_epoch() FROM PUBLIC;
GRANT ALL ON FUNCTION core.current_epoch() TO pylayer_admin;

REVOKE ALL ON FUNCTION core.forbid_mutation() FROM PUBLIC;

REVOKE ALL ON FUNCTION core.ms_time(p_ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION core.ms_time(p_ms bigint) TO pylayer_api;
GRANT ALL ON FUNCTION core.ms_time(p_ms bigint) TO pylayer_admin;
GRANT ALL ON FUNCTION core.ms_time(p_ms bigint) TO pylayer_agent;
GRANT ALL ON FUNCTION core.ms_time(p_ms bigint) TO pylayer_analyst;
GRANT ALL ON FUNCTION core.ms_time(p_ms bigint) TO pylayer_auditor;

REVOKE ALL ON FUNCTION core.new_ulid(p_ts timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION core.new_ulid(p_ts timestamp with time zone) TO pylayer_api;
GRANT ALL ON FUNCTION core.new_ulid(p_ts timestamp with time zone) TO pylayer_admin;
GRANT ALL ON FUNCTION core.new_ulid(p_ts timestamp with time zone) TO pylayer_agent;
GRANT ALL ON FUNCTION core.new_ulid(p_ts timestamp with time zone) TO pylayer_analyst;
GRANT ALL ON FUNCTION core.new_ulid(p_ts timestamp with time zone) TO pylayer_auditor;

REVOKE ALL ON FUNCTION core.referenced_blobs() FROM PUBLIC;
GRANT ALL ON FUNCTION core.referenced_blobs() TO pylayer_admin;

REVOKE ALL ON FUNCTION core.settings_guard() FROM PUBLIC;

REVOKE ALL ON FUNCTION core.ulid_floor(p_ts timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION core.ulid_floor(p_ts timestamp with time zone) TO pylayer_api;
GRANT ALL ON FUNCTION core.ulid_floor(p_ts timestamp with time zone) TO pylayer_admin;
GRANT ALL ON FUNCTION core.ulid_floor(p_ts timestamp with time zone) TO pylayer_agent;
GRANT ALL ON FUNCTION core.ulid_floor(p_ts timestamp with time zone) TO pylayer_analyst;
GRANT ALL ON FUNCTION core.ulid_floor(p_ts timestamp with time zone) TO pylayer_auditor;

REVOKE ALL ON FUNCTION core.ulid_ms(p_ulid text) FROM PUBLIC;
GRANT ALL ON FUNCTION core.ulid_ms(p_ulid text) TO pylayer_api;
GRANT ALL ON FUNCTION core.ulid_ms(p_ulid text) TO pylayer_admin;
GRANT ALL ON FUNCTION core.ulid_ms(p_ulid text) TO pylayer_agent;
GRANT ALL ON FUNCTION core.ulid_ms(p_ulid text) TO pylayer_analyst;
GRANT ALL ON FUNCTION core.ulid_ms(p_ulid text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION core.ulid_time(p_ulid text) FROM PUBLIC;
GRANT ALL ON FUNCTION core.ulid_time(p_ulid text) TO pylayer_api;
GRANT ALL ON FUNCTION core.ulid_time(p_ulid text) TO pylayer_admin;
GRANT ALL ON FUNCTION core.ulid_time(p_ulid text) TO pylayer_agent;
GRANT ALL ON FUNCTION core.ulid_time(p_ulid text) TO pylayer_analyst;
GRANT ALL ON FUNCTION core.ulid_time(p_ulid text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION iam.authenticate(p_key_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION iam.authenticate(p_key_hash text) TO pylayer_admin;
GRANT ALL ON FUNCTION iam.authenticate(p_key_hash text) TO pylayer_agent;
GRANT ALL ON FUNCTION iam.authenticate(p_key_hash text) TO pylayer_analyst;
GRANT ALL ON FUNCTION iam.authenticate(p_key_hash text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION iam.check_api_key(p_name text, p_prefix text, p_key_hash text, p_role text, p_scopes text[], p_expires_at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION iam.create_api_key(p_name text, p_prefix text, p_key_hash text, p_role text, p_scopes text[], p_expires_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION iam.create_api_key(p_name text, p_prefix text, p_key_hash text, p_role text, p_scopes text[], p_expires_at timestamp with time zone) TO pylayer_admin;

REVOKE ALL ON FUNCTION iam.get_user(p_user text) FROM PUBLIC;
GRANT ALL ON FUNCTION iam.get_user(p_user text) TO pylayer_agent;
GRANT ALL ON FUNCTION iam.get_user(p_user text) TO pylayer_analyst;
GRANT ALL ON FUNCTION iam.get_user(p_user text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION iam.has_api_keys() FROM PUBLIC;
GRANT ALL ON FUNCTION iam.has_api_keys() TO pylayer_admin;
GRANT ALL ON FUNCTION iam.has_api_keys() TO pylayer_agent;
GRANT ALL ON FUNCTION iam.has_api_keys() TO pylayer_analyst;
GRANT ALL ON FUNCTION iam.has_api_keys() TO pylayer_auditor;

REVOKE ALL ON FUNCTION iam.list_api_keys(p_include_revoked boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION iam.list_api_keys(p_include_revoked boolean) TO pylayer_admin;

REVOKE ALL ON FUNCTION iam.list_users(p_limit integer, p_after text) FROM PUBLIC;
GRANT ALL ON FUNCTION iam.list_users(p_limit integer, p_after text) TO pylayer_agent;
GRANT ALL ON FUNCTION iam.list_users(p_limit integer, p_after text) TO pylayer_analyst;
GRANT ALL ON FUNCTION iam.list_users(p_limit integer, p_after text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION iam.revoke_api_key(p_key text) FROM PUBLIC;
GRANT ALL ON FUNCTION iam.revoke_api_key(p_key text) TO pylayer_admin;

REVOKE ALL ON FUNCTION iam.role_scopes(p_role text) FROM PUBLIC;

REVOKE ALL ON FUNCTION iam.save_user(p_username text, p_fields jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION iam.save_user(p_username text, p_fields jsonb) TO pylayer_admin;

REVOKE ALL ON FUNCTION iam.user_rows(p_user_ids text[]) FROM PUBLIC;

GRANT ALL ON FUNCTION partman.apply_cluster(p_parent_schema text, p_parent_tablename text, p_child_schema text, p_child_tablename text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.apply_constraints(p_parent_table text, p_child_table text, p_analyze boolean, p_job_id bigint) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.apply_privileges(p_parent_schema text, p_parent_tablename text, p_child_schema text, p_child_tablename text, p_job_id bigint) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.autovacuum_off(p_parent_schema text, p_parent_tablename text, p_source_schema text, p_source_tablename text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.autovacuum_reset(p_parent_schema text, p_parent_tablename text, p_source_schema text, p_source_tablename text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.calculate_time_partition_info(p_time_interval interval, p_start_time timestamp with time zone, p_date_trunc_interval text, OUT base_timestamp timestamp with time zone, OUT datetime_string text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.check_automatic_maintenance_value(p_automatic_maintenance text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.check_control_type(p_parent_schema text, p_parent_tablename text, p_control text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.check_default(p_exact_count boolean, p_ignore_infinity boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.check_epoch_type(p_type text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.check_name_length(p_object_name text, p_suffix text, p_table_partition boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.check_partition_type(p_type text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.check_subpart_sameconfig(p_parent_table text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.check_subpartition_limits(p_parent_table text, p_type text, OUT sub_min text, OUT sub_max text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.config_cleanup(p_parent_table text, p_config_table boolean, p_config_sub_table boolean, p_template_table boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.create_parent(p_parent_table text, p_control text, p_interval text, p_type text, p_epoch text, p_premake integer, p_start_partition text, p_default_table boolean, p_automatic_maintenance text, p_constraint_cols text[], p_template_table text, p_jobmon boolean, p_date_trunc_interval text, p_control_not_null boolean, p_time_encoder text, p_time_decoder text, p_offset_id bigint) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.create_partition(p_parent_table text, p_control text, p_interval text, p_type text, p_epoch text, p_premake integer, p_start_partition text, p_default_table boolean, p_automatic_maintenance text, p_constraint_cols text[], p_template_table text, p_jobmon boolean, p_date_trunc_interval text, p_control_not_null boolean, p_time_encoder text, p_time_decoder text, p_offset_id bigint) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.create_partition_id(p_parent_table text, p_partition_ids bigint[], p_start_partition text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.create_partition_time(p_parent_table text, p_partition_times timestamp with time zone[], p_start_partition text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.create_sub_parent(p_top_parent text, p_control text, p_interval text, p_type text, p_default_table boolean, p_declarative_check text, p_constraint_cols text[], p_premake integer, p_start_partition text, p_epoch text, p_jobmon boolean, p_date_trunc_interval text, p_control_not_null boolean, p_time_encoder text, p_time_decoder text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.create_sub_partition(p_top_parent text, p_control text, p_interval text, p_type text, p_default_table boolean, p_declarative_check text, p_constraint_cols text[], p_premake integer, p_start_partition text, p_epoch text, p_jobmon boolean, p_date_trunc_interval text, p_control_not_null boolean, p_time_encoder text, p_time_decoder text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.drop_constraints(p_parent_table text, p_child_table text, p_debug boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.drop_partition_id(p_parent_table text, p_retention bigint, p_keep_table boolean, p_keep_index boolean, p_retention_schema text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.drop_partition_time(p_parent_table text, p_retention interval, p_keep_table boolean, p_keep_index boolean, p_retention_schema text, p_reference_timestamp timestamp with time zone) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.dump_partitioned_table_definition(p_parent_table text, p_ignore_template_table boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.inherit_parent_properties(p_parent_schema text, p_parent_tablename text, p_child_tablename text, p_child_schema text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.inherit_replica_identity(p_parent_schemaname text, p_parent_tablename text, p_child_tablename text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.inherit_template_properties(p_parent_table text, p_child_schema text, p_child_tablename text) TO pylayer_owner;

GRANT ALL ON PROCEDURE partman.partition_data_async(IN p_parent_table text, IN p_loop_count integer, IN p_interval text, IN p_lock_wait integer, IN p_lock_wait_tries integer, IN p_wait integer, IN p_order text, IN p_ignored_columns text[], IN p_quiet boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.partition_data_id(p_parent_table text, p_batch_count integer, p_batch_interval bigint, p_lock_wait numeric, p_order text, p_analyze boolean, p_source_table text, p_ignored_columns text[], p_override_system_value boolean) TO pylayer_owner;

GRANT ALL ON PROCEDURE partman.partition_data_proc(IN p_parent_table text, IN p_loop_count integer, IN p_interval text, IN p_lock_wait integer, IN p_lock_wait_tries integer, IN p_wait integer, IN p_order text, IN p_source_table text, IN p_ignored_columns text[], IN p_quiet boolean, IN p_ignore_infinity boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.partition_data_time(p_parent_table text, p_batch_count integer, p_batch_interval interval, p_lock_wait numeric, p_order text, p_analyze boolean, p_source_table text, p_ignored_columns text[], p_override_system_value boolean, p_ignore_infinity boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.partition_gap_fill(p_parent_table text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.partman_safe_obj_name(p_object_name text) TO pylayer_owner;

GRANT ALL ON PROCEDURE partman.reapply_constraints_proc(IN p_parent_table text, IN p_drop_constraints boolean, IN p_apply_constraints boolean, IN p_analyze boolean, IN p_wait integer, IN p_dryrun boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.reapply_privileges(p_parent_table text) TO pylayer_owner;

GRANT ALL ON PROCEDURE partman.run_analyze(IN p_skip_locked boolean, IN p_quiet boolean, IN p_parent_table text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.run_maintenance(p_parent_table text, p_analyze boolean, p_jobmon boolean) TO pylayer_owner;

GRANT ALL ON PROCEDURE partman.run_maintenance_proc(IN p_wait integer, IN p_analyze boolean, IN p_jobmon boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.show_partition_info(p_child_table text, p_partition_interval text, p_parent_table text, p_table_exists boolean, OUT child_start_time timestamp with time zone, OUT child_end_time timestamp with time zone, OUT child_start_id bigint, OUT child_end_id bigint, OUT suffix text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.show_partition_name(p_parent_table text, p_value text, OUT partition_schema text, OUT partition_table text, OUT suffix_timestamp timestamp with time zone, OUT suffix_id bigint, OUT table_exists boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.show_partitions(p_parent_table text, p_order text, p_include_default boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.stop_sub_partition(p_parent_table text, p_jobmon boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.undo_partition(p_parent_table text, p_target_table text, p_loop_count integer, p_batch_interval text, p_keep_table boolean, p_lock_wait numeric, p_ignored_columns text[], p_drop_cascade boolean, OUT partitions_undone integer, OUT rows_undone bigint) TO pylayer_owner;

GRANT ALL ON PROCEDURE partman.undo_partition_proc(IN p_parent_table text, IN p_target_table text, IN p_loop_count integer, IN p_interval text, IN p_keep_table boolean, IN p_lock_wait integer, IN p_lock_wait_tries integer, IN p_wait integer, IN p_ignored_columns text[], IN p_drop_cascade boolean, IN p_quiet boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.uuid7_time_decoder(uuidv7 text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.uuid7_time_encoder(ts timestamp with time zone) TO pylayer_owner;

REVOKE ALL ON FUNCTION telemetry.absent_months(p_from timestamp with time zone, p_to timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.absent_months(p_from timestamp with time zone, p_to timestamp with time zone) TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.absent_months(p_from timestamp with time zone, p_to timestamp with time zone) TO pylayer_analyst;

REVOKE ALL ON FUNCTION telemetry.archive_key(p_month timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.archive_key(p_month timestamp with time zone) TO pylayer_owner;
GRANT ALL ON FUNCTION telemetry.archive_key(p_month timestamp with time zone) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.attach_month(p_month timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.attach_month(p_month timestamp with time zone) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.begin_restore(p_month timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.begin_restore(p_month timestamp with time zone) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.check_events(p_events jsonb, p_floor text, p_ceiling timestamp with time zone, p_max_skew interval, p_max_bytes integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.check_retention_step(p_month timestamp with time zone, p_step text) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.confirm_archive(p_month timestamp with time zone, p_rows bigint, p_content_hash text, p_rows_hash text, p_min_event_id text, p_max_event_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.confirm_archive(p_month timestamp with time zone, p_rows bigint, p_content_hash text, p_rows_hash text, p_min_event_id text, p_max_event_id text) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.contract_problem(p_contract jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.contract_problem(p_contract jsonb) TO pylayer_api;

REVOKE ALL ON FUNCTION telemetry.contract_validator(p_contract jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.contract_validator(p_contract jsonb) TO pylayer_api;

REVOKE ALL ON FUNCTION telemetry.contract_violation(p_contract jsonb, p_payload jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.count_cycles(p_item_types text[], p_seconds numeric[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.count_events(p_batch telemetry.counted_event[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.count_items(p_batch telemetry.counted_event[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.count_runs(p_batch telemetry.counted_event[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.cycle_bounds_seconds() FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.cycle_bounds_seconds() TO pylayer_api;
GRANT ALL ON FUNCTION telemetry.cycle_bounds_seconds() TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.cycle_bounds_seconds() TO pylayer_analyst;
GRANT ALL ON FUNCTION telemetry.cycle_bounds_seconds() TO pylayer_auditor;

GRANT SELECT,INSERT ON TABLE telemetry.state_changes TO pylayer_api;
GRANT SELECT ON TABLE telemetry.state_changes TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.state_changes TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.state_changes TO pylayer_auditor;

REVOKE ALL ON FUNCTION telemetry.cycle_times(p_changes telemetry.state_changes[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.drop_month(p_month timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.drop_month(p_month timestamp with time zone) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.duration_bounds_ms() FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.duration_bounds_ms() TO pylayer_api;
GRANT ALL ON FUNCTION telemetry.duration_bounds_ms() TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.duration_bounds_ms() TO pylayer_analyst;
GRANT ALL ON FUNCTION telemetry.duration_bounds_ms() TO pylayer_auditor;

REVOKE ALL ON FUNCTION telemetry.duration_bucket(p_ms numeric) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.duration_bucket(p_ms numeric) TO pylayer_api;
GRANT ALL ON FUNCTION telemetry.duration_bucket(p_ms numeric) TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.duration_bucket(p_ms numeric) TO pylayer_analyst;
GRANT ALL ON FUNCTION telemetry.duration_bucket(p_ms numeric) TO pylayer_auditor;

REVOKE ALL ON FUNCTION telemetry.events_between(p_from timestamp with time zone, p_to timestamp with time zone, p_event_name text, p_run_id text, p_item_id text, p_workflow_name text, p_agent_role text, p_project_id text, p_limit integer, p_after text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.events_between(p_from timestamp with time zone, p_to timestamp with time zone, p_event_name text, p_run_id text, p_item_id text, p_workflow_name text, p_agent_role text, p_project_id text, p_limit integer, p_after text) TO pylayer_agent;
GRANT ALL ON FUNCTION telemetry.events_between(p_from timestamp with time zone, p_to timestamp with time zone, p_event_name text, p_run_id text, p_item_id text, p_workflow_name text, p_agent_role text, p_project_id text, p_limit integer, p_after text) TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.events_between(p_from timestamp with time zone, p_to timestamp with time zone, p_event_name text, p_run_id text, p_item_id text, p_workflow_name text, p_agent_role text, p_project_id text, p_limit integer, p_after text) TO pylayer_analyst;

REVOKE ALL ON FUNCTION telemetry.finish_restore(p_month timestamp with time zone, p_days integer) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.finish_restore(p_month timestamp with time zone, p_days integer) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.fold_ingest_counts(OUT duplicates bigint, OUT conflicts bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.fold_ingest_counts(OUT duplicates bigint, OUT conflicts bigint) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.forbid_late_insert() FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.given_ts(p_doc jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.guard_month(p_table regclass) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.guard_new_partitions() FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.guard_partitions() FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.has_month(p_id_ts timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.has_month(p_id_ts timestamp with time zone) TO pylayer_owner;

REVOKE ALL ON FUNCTION telemetry.has_short_fields(p_doc jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.id_digit(p_octets bytea, p_place integer, p_digits bytea) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.id_octets_ms(p_octets bytea) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.ingest_event(p_event jsonb, OUT event_id text, OUT status text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.ingest_event(p_event jsonb, OUT event_id text, OUT status text) TO pylayer_agent;
GRANT ALL ON FUNCTION telemetry.ingest_event(p_event jsonb, OUT event_id text, OUT status text) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.ingest_events(p_events jsonb, p_on_error text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.ingest_events(p_events jsonb, p_on_error text) TO pylayer_agent;
GRANT ALL ON FUNCTION telemetry.ingest_events(p_events jsonb, p_on_error text) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.is_storable(p_doc jsonb, p_event_id text, p_id_ts timestamp with time zone, p_ts timestamp with time zone, p_validator jsonpath, p_long_contract jsonb, p_floor text, p_ceiling timestamp with time zone, p_max_skew interval, p_max_bytes integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.label_keys(p_event_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.label_keys(p_event_name text) TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.label_keys(p_event_name text) TO pylayer_analyst;
GRANT ALL ON FUNCTION telemetry.label_keys(p_event_name text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION telemetry.list_archives(p_month timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.list_archives(p_month timestamp with time zone) TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.list_archives(p_month timestamp with time zone) TO pylayer_analyst;
GRANT ALL ON FUNCTION telemetry.list_archives(p_month timestamp with time zone) TO pylayer_auditor;

REVOKE ALL ON FUNCTION telemetry.make_months(p_months timestamp with time zone[]) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.make_months(p_months timestamp with time zone[]) TO pylayer_api;

REVOKE ALL ON FUNCTION telemetry.make_months_ahead(p_months integer) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.make_months_ahead(p_months integer) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.metric_totals() FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.metric_totals() TO pylayer_agent;
GRANT ALL ON FUNCTION telemetry.metric_totals() TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.metric_totals() TO pylayer_analyst;

REVOKE ALL ON FUNCTION telemetry.month_digest(p_table regclass, OUT rows bigint, OUT min_event_id text, OUT max_event_id text, OUT rows_hash text) FROM PUBLIC;

GRANT SELECT,INSERT ON TABLE telemetry.workflow_events TO pylayer_api;
GRANT SELECT ON TABLE telemetry.workflow_events TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.workflow_events TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.workflow_events TO pylayer_auditor;

REVOKE ALL ON FUNCTION telemetry.month_events(p_month timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.month_events(p_month timestamp with time zone) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.month_partition(p_ts timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.month_tables() FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.month_tables() TO pylayer_owner;

REVOKE ALL ON FUNCTION telemetry.next_events(p_epoch integer, p_xid bigint, p_event_id text, p_horizon bigint, p_limit integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.note_open_month(p_id_ts timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.open_backfill(p_from timestamp with time zone, p_to timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.open_backfill(p_from timestamp with time zone, p_to timestamp with time zone) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.partition_name(p_id_ts timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.partition_name(p_id_ts timestamp with time zone) TO pylayer_owner;

REVOKE ALL ON FUNCTION telemetry.payload_number(p_payload jsonb, p_key text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.payload_number(p_payload jsonb, p_key text) TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.payload_number(p_payload jsonb, p_key text) TO pylayer_analyst;

REVOKE ALL ON FUNCTION telemetry.raise_refusal(p_position integer, p_event_id text, p_reason text, p_detail text) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.raise_retention_floor() FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.raise_retention_floor() TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.record_archive(p_month timestamp with time zone, p_rows bigint, p_size_bytes bigint, p_content_hash text, p_min_event_id text, p_max_event_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.record_archive(p_month timestamp with time zone, p_rows bigint, p_size_bytes bigint, p_content_hash text, p_min_event_id text, p_max_event_id text) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.refresh_rollups(p_limit integer, OUT events bigint, OUT behind boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.refresh_rollups(p_limit integer, OUT events bigint, OUT behind boolean) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.refusal(p_reason text, OUT code text, OUT message text, OUT hint text) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.refusal_reason(p_doc jsonb, p_floor text, p_ceiling timestamp with time zone, p_max_skew interval, p_max_bytes integer, OUT reason text, OUT detail text) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.register_event_type(p_event_name text, p_contract jsonb, p_event_version integer, p_description text, OUT event_name text, OUT event_version integer, OUT created boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.register_event_type(p_event_name text, p_contract jsonb, p_event_version integer, p_description text, OUT event_name text, OUT event_version integer, OUT created boolean) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.restore_events(p_month timestamp with time zone, p_rows jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.restore_events(p_month timestamp with time zone, p_rows jsonb) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.restoring_table(p_month timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.retention_floor() FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.retention_floor() TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.retention_floor() TO pylayer_agent;
GRANT ALL ON FUNCTION telemetry.retention_floor() TO pylayer_analyst;
GRANT ALL ON FUNCTION telemetry.retention_floor() TO pylayer_auditor;

REVOKE ALL ON FUNCTION telemetry.retention_status(OUT months_ahead integer, OUT oldest_month timestamp with time zone, OUT retention_floor timestamp with time zone, OUT waiting_months integer, OUT overdue_months integer) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.retention_status(OUT months_ahead integer, OUT oldest_month timestamp with time zone, OUT retention_floor timestamp with time zone, OUT waiting_months integer, OUT overdue_months integer) TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.retention_status(OUT months_ahead integer, OUT oldest_month timestamp with time zone, OUT retention_floor timestamp with time zone, OUT waiting_months integer, OUT overdue_months integer) TO pylayer_analyst;
GRANT ALL ON FUNCTION telemetry.retention_status(OUT months_ahead integer, OUT oldest_month timestamp with time zone, OUT retention_floor timestamp with time zone, OUT waiting_months integer, OUT overdue_months integer) TO pylayer_auditor;

REVOKE ALL ON FUNCTION telemetry.retention_steps() FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.retention_steps() TO pylayer_owner;
GRANT ALL ON FUNCTION telemetry.retention_steps() TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.retention_steps() TO pylayer_analyst;
GRANT ALL ON FUNCTION telemetry.retention_steps() TO pylayer_auditor;

REVOKE ALL ON FUNCTION telemetry.run_timeline(p_run_id text, p_limit integer, p_after_ts timestamp with time zone, p_after_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.run_timeline(p_run_id text, p_limit integer, p_after_ts timestamp with time zone, p_after_id text) TO pylayer_agent;
GRANT ALL ON FUNCTION telemetry.run_timeline(p_run_id text, p_limit integer, p_after_ts timestamp with time zone, p_after_id text) TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.run_timeline(p_run_id text, p_limit integer, p_after_ts timestamp with time zone, p_after_id text) TO pylayer_analyst;

REVOKE ALL ON FUNCTION telemetry.seal_month(p_month timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.seal_month(p_month timestamp with time zone) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.settle_batch(p_batch telemetry.checked_event[], p_created text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.settle_items(p_changes telemetry.state_changes[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.snapshot_horizon(OUT epoch integer, OUT xid bigint, OUT next_xid bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.snapshot_horizon(OUT epoch integer, OUT xid bigint, OUT next_xid bigint) TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.snapshot_horizon(OUT epoch integer, OUT xid bigint, OUT next_xid bigint) TO pylayer_analyst;

REVOKE ALL ON FUNCTION telemetry.state_changed_event(p_item_type text, p_item_id text, p_from_state text, p_to_state text, p_run_id text, p_workflow_name text, p_agent_role text, p_project_id text, p_reason text, p_actor text, p_time_in_state_seconds double precision) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.state_facts(p_changes telemetry.state_changes[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.state_outcome(p_state text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.state_outcome(p_state text) TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.state_outcome(p_state text) TO pylayer_analyst;
GRANT ALL ON FUNCTION telemetry.state_outcome(p_state text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION telemetry.training_agent_events(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.training_agent_events(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.training_agent_events(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) TO pylayer_analyst;

REVOKE ALL ON FUNCTION telemetry.training_workflow_data(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.training_workflow_data(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.training_workflow_data(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) TO pylayer_analyst;

REVOKE ALL ON FUNCTION work.abort_open_uploads() FROM PUBLIC;
GRANT ALL ON FUNCTION work.abort_open_uploads() TO pylayer_admin;

REVOKE ALL ON FUNCTION work.abort_upload(p_upload_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.abort_upload(p_upload_id text) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.add_comment(p_item_id text, p_body text, p_author text, p_is_ai boolean, p_user_id text, p_agent_id text, p_metadata jsonb, p_github_node_id text, p_comment_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.add_comment(p_item_id text, p_body text, p_author text, p_is_ai boolean, p_user_id text, p_agent_id text, p_metadata jsonb, p_github_node_id text, p_comment_id text) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.add_dependency(p_item_id text, p_depends_on_item_id text, p_actor text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.add_dependency(p_item_id text, p_depends_on_item_id text, p_actor text) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.admit_tasks(p_queues text[], p_keys text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.artifact_storage_key(p_type text, p_artifact_id text, p_version integer, p_content_hash text, p_mime_type text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.artifact_storage_key(p_type text, p_artifact_id text, p_version integer, p_content_hash text, p_mime_type text) TO pylayer_admin;
GRANT ALL ON FUNCTION work.artifact_storage_key(p_type text, p_artifact_id text, p_version integer, p_content_hash text, p_mime_type text) TO pylayer_agent;
GRANT ALL ON FUNCTION work.artifact_storage_key(p_type text, p_artifact_id text, p_version integer, p_content_hash text, p_mime_type text) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.artifact_storage_key(p_type text, p_artifact_id text, p_version integer, p_content_hash text, p_mime_type text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.assign_item(p_item_id text, p_user_id text, p_agent_id text, p_expected_version integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.assign_item(p_item_id text, p_user_id text, p_agent_id text, p_expected_version integer) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.attach_artifact(p_item_id text, p_artifact_id text, p_version integer, p_label text, p_actor text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.attach_artifact(p_item_id text, p_artifact_id text, p_version integer, p_label text, p_actor text) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.await_event(p_run_id text, p_attempt integer, p_step_name text, p_event_name text, p_timeout_seconds double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION work.await_event(p_run_id text, p_attempt integer, p_step_name text, p_event_name text, p_timeout_seconds double precision) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.await_execution(p_run_id text, p_attempt integer, p_step_name text, p_child_run_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.await_execution(p_run_id text, p_attempt integer, p_step_name text, p_child_run_id text) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.begin_item_history() FROM PUBLIC;

REVOKE ALL ON FUNCTION work.begin_step(p_run_id text, p_attempt integer, p_step_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.begin_step(p_run_id text, p_attempt integer, p_step_name text) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.begin_upload(p_size_bytes bigint, p_content_hash text, p_mime_type text, p_type text, p_artifact_id text, p_expected_version integer, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.begin_upload(p_size_bytes bigint, p_content_hash text, p_mime_type text, p_type text, p_artifact_id text, p_expected_version integer, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.cancel_execution(p_run_id text, p_reason text, p_actor text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.cancel_execution(p_run_id text, p_reason text, p_actor text) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.check_artifact_fields(p_artifact_id text, p_type text, p_mime_type text, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.check_assignee(p_user_id text, p_agent_id text) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.check_checkpoint_key(p_checkpoint_ns text, p_checkpoint_id text) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.check_claim(p_worker text, p_queues text[], p_n integer, p_lease_seconds integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.check_comment(p_body text, p_is_ai boolean, p_user_id text, p_metadata jsonb, p_github_node_id text, p_comment_id text) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.check_completions(p_tasks jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.check_content_hash(p_content_hash text) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.check_context(p_actor text, p_reason text, p_run_id text, p_workflow_name text, p_agent_role text) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.check_decision(p_title text, p_decision text, p_rationale text, p_alternatives jsonb, p_decision_id text) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.check_document(p_what text, p_value jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.check_driver(p_worker text, p_status text, p_alive_seconds integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.check_expected_version(p_expected_version integer, p_latest_version integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.check_fields(p_fields jsonb, p_types jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.check_item_fields(p_fields jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.check_lease(p_lease_seconds integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.check_limit(p_limit integer, p_greatest integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.check_project(p_project_id text, p_fields jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.check_queue(p_queue text) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.check_references(p_project_id text, p_item_id text) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.check_run_facts(p_project_id text, p_metadata jsonb, p_tags jsonb, p_times timestamp with time zone[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.check_run_text(p_what text, p_value text, p_bytes integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.check_steps(p_steps jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.check_tasks(p_tasks jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.check_workflow_status(p_status text) FROM PUBLIC;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE work.checkpoints TO pylayer_api;
GRANT SELECT ON TABLE work.checkpoints TO pylayer_admin;
GRANT SELECT ON TABLE work.checkpoints TO pylayer_analyst;
GRANT SELECT ON TABLE work.checkpoints TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.checkpoint_as_json(p_row work.checkpoints) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.checkpoint_thread_keys(p_thread_ids jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.claim_execution(p_run_id text, p_worker text, p_lease_seconds integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.claim_execution(p_run_id text, p_worker text, p_lease_seconds integer) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.claim_tasks(p_worker text, p_queues text[], p_n integer, p_lease_seconds integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.claim_tasks(p_worker text, p_queues text[], p_n integer, p_lease_seconds integer) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.clear_cached(p_namespaces jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION work.clear_cached(p_namespaces jsonb) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.commit_upload(p_upload_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.commit_upload(p_upload_id text) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.complete_execution(p_run_id text, p_attempt integer, p_outputs jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION work.complete_execution(p_run_id text, p_attempt integer, p_outputs jsonb) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.complete_step(p_run_id text, p_attempt integer, p_step_name text, p_output jsonb, p_duration_ms bigint, p_state_data jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION work.complete_step(p_run_id text, p_attempt integer, p_step_name text, p_output jsonb, p_duration_ms bigint, p_state_data jsonb) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.complete_task(p_execution_id text, p_lease uuid, p_output_data jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION work.complete_task(p_execution_id text, p_lease uuid, p_output_data jsonb) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.complete_tasks(p_tasks jsonb, p_worker text, p_queues text[], p_n integer, p_lease_seconds integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.complete_tasks(p_tasks jsonb, p_worker text, p_queues text[], p_n integer, p_lease_seconds integer) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.confirm_blob_deleted(p_artifact_id text, p_version integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.confirm_blob_deleted(p_artifact_id text, p_version integer) TO pylayer_admin;

REVOKE ALL ON FUNCTION work.copy_checkpoint_thread(p_source_thread_id text, p_target_thread_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.copy_checkpoint_thread(p_source_thread_id text, p_target_thread_id text) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.create_artifact(p_type text, p_content text, p_mime_type text, p_artifact_id text, p_expected_version integer, p_content_hash text, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.create_artifact(p_type text, p_content text, p_mime_type text, p_artifact_id text, p_expected_version integer, p_content_hash text, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.create_item(p_item_type text, p_title text, p_fields jsonb, p_item_id text, p_state text, p_actor text, p_run_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.create_item(p_item_type text, p_title text, p_fields jsonb, p_item_id text, p_state text, p_actor text, p_run_id text) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.create_version(p_artifact_id text, p_content text, p_mime_type text, p_expected_version integer, p_content_hash text, p_preview_text text, p_extracted_fields jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION work.create_version(p_artifact_id text, p_content text, p_mime_type text, p_expected_version integer, p_content_hash text, p_preview_text text, p_extracted_fields jsonb) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.decision_rows(p_decision_ids text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.delete_blob(p_artifact_id text, p_version integer, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.delete_blob(p_artifact_id text, p_version integer, p_reason text) TO pylayer_admin;

REVOKE ALL ON FUNCTION work.delete_checkpoint_threads(p_thread_ids jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION work.delete_checkpoint_threads(p_thread_ids jsonb) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.delete_checkpoints_of_runs(p_run_ids jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION work.delete_checkpoints_of_runs(p_run_ids jsonb) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.delete_comment(p_comment_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.delete_comment(p_comment_id text) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.delete_item(p_item_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.delete_item(p_item_id text) TO pylayer_admin;

REVOKE ALL ON FUNCTION work.delete_project(p_project_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.delete_project(p_project_id text) TO pylayer_admin;

REVOKE ALL ON FUNCTION work.delta_channel_history(p_thread_id text, p_checkpoint_ns text, p_checkpoint_id text, p_channels jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION work.delta_channel_history(p_thread_id text, p_checkpoint_ns text, p_checkpoint_id text, p_channels jsonb) TO pylayer_agent;
GRANT ALL ON FUNCTION work.delta_channel_history(p_thread_id text, p_checkpoint_ns text, p_checkpoint_id text, p_channels jsonb) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.delta_channel_history(p_thread_id text, p_checkpoint_ns text, p_checkpoint_id text, p_channels jsonb) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.detach_artifact(p_item_id text, p_artifact_id text, p_version integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.detach_artifact(p_item_id text, p_artifact_id text, p_version integer) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.due_executions(p_workflow_ids text[], p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.due_executions(p_workflow_ids text[], p_limit integer) TO pylayer_agent;
GRANT ALL ON FUNCTION work.due_executions(p_workflow_ids text[], p_limit integer) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.due_executions(p_workflow_ids text[], p_limit integer) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.edit_comment(p_comment_id text, p_body text, p_actor text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.edit_comment(p_comment_id text, p_body text, p_actor text) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.emit_signal(p_run_id text, p_event_name text, p_payload jsonb, p_signal_id text, OUT signal_id text, OUT created boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION work.emit_signal(p_run_id text, p_event_name text, p_payload jsonb, p_signal_id text, OUT signal_id text, OUT created boolean) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.end_attempts(p_execution_ids text[], p_error text, p_retry boolean, p_delay_seconds double precision) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.enqueue_task(p_task_name text, p_input_data jsonb, p_queue text, p_priority integer, p_delay_seconds double precision, p_scheduled_at timestamp with time zone, p_unique_key text, p_concurrency_key text, p_max_retries integer, p_timeout_seconds integer, p_task_type text, p_run_id text, p_workflow_name text, p_agent_id text, p_project_id text, p_metadata jsonb, OUT execution_id text, OUT created boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION work.enqueue_task(p_task_name text, p_input_data jsonb, p_queue text, p_priority integer, p_delay_seconds double precision, p_scheduled_at timestamp with time zone, p_unique_key text, p_concurrency_key text, p_max_retries integer, p_timeout_seconds integer, p_task_type text, p_run_id text, p_workflow_name text, p_agent_id text, p_project_id text, p_metadata jsonb, OUT execution_id text, OUT created boolean) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.enqueue_tasks(p_tasks jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION work.enqueue_tasks(p_tasks jsonb) TO pylayer_agent;

GRANT SELECT,INSERT,DELETE ON TABLE work.workflow_executions TO pylayer_api;
GRANT SELECT ON TABLE work.workflow_executions TO pylayer_admin;
GRANT SELECT ON TABLE work.workflow_executions TO pylayer_analyst;
GRANT SELECT ON TABLE work.workflow_executions TO pylayer_auditor;

GRANT UPDATE(status) ON TABLE work.workflow_executions TO pylayer_api;

GRANT UPDATE(reason) ON TABLE work.workflow_executions TO pylayer_api;

GRANT UPDATE(actor) ON TABLE work.workflow_executions TO pylayer_api;

GRANT UPDATE(current_step) ON TABLE work.workflow_executions TO pylayer_api;

GRANT UPDATE(completed_steps) ON TABLE work.workflow_executions TO pylayer_api;

GRANT UPDATE(state_data) ON TABLE work.workflow_executions TO pylayer_api;

GRANT UPDATE(outputs) ON TABLE work.workflow_executions TO pylayer_api;

GRANT UPDATE(error) ON TABLE work.workflow_executions TO pylayer_api;

GRANT UPDATE(error_count) ON TABLE work.workflow_executions TO pylayer_api;

GRANT UPDATE(attempt) ON TABLE work.workflow_executions TO pylayer_api;

GRANT UPDATE(worker) ON TABLE work.workflow_executions TO pylayer_api;

GRANT UPDATE(lease_seconds) ON TABLE work.workflow_executions TO pylayer_api;

GRANT UPDATE(waiting_for) ON TABLE work.workflow_executions TO pylayer_api;

GRANT UPDATE(due_at) ON TABLE work.workflow_executions TO pylayer_api;

GRANT UPDATE(deadline) ON TABLE work.workflow_executions TO pylayer_api;

GRANT UPDATE(updated_at) ON TABLE work.workflow_executions TO pylayer_api;

GRANT UPDATE(status_at) ON TABLE work.workflow_executions TO pylayer_api;

REVOKE ALL ON FUNCTION work.execution_of(p_row work.workflow_executions, p_created boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.expire_executions(p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.expire_executions(p_limit integer) TO pylayer_admin;

REVOKE ALL ON FUNCTION work.expired_uploads(p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.expired_uploads(p_limit integer) TO pylayer_admin;

REVOKE ALL ON FUNCTION work.fail_execution(p_run_id text, p_attempt integer, p_error text, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.fail_execution(p_run_id text, p_attempt integer, p_error text, p_reason text) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.fail_step(p_run_id text, p_attempt integer, p_step_name text, p_error text, p_duration_ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION work.fail_step(p_run_id text, p_attempt integer, p_step_name text, p_error text, p_duration_ms bigint) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.fail_task(p_execution_id text, p_lease uuid, p_error text, p_retry boolean, p_delay_seconds double precision, OUT status work.task_status, OUT scheduled_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION work.fail_task(p_execution_id text, p_lease uuid, p_error text, p_retry boolean, p_delay_seconds double precision, OUT status work.task_status, OUT scheduled_at timestamp with time zone) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.find_checkpoints(p_thread bigint, p_checkpoint_ns text, p_checkpoint_id text, p_filter jsonb, p_before text, p_after jsonb, p_limit integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.finish_upload(p_upload_id text, p_state work.upload_state, p_result_version integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.fire_schedule(p_schedule text, p_due_at timestamp with time zone, p_next_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION work.fire_schedule(p_schedule text, p_due_at timestamp with time zone, p_next_at timestamp with time zone) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.follow_item_transition() FROM PUBLIC;

REVOKE ALL ON FUNCTION work.get_artifact(p_artifact_id text, p_version integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.get_artifact(p_artifact_id text, p_version integer) TO pylayer_agent;
GRANT ALL ON FUNCTION work.get_artifact(p_artifact_id text, p_version integer) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.get_artifact(p_artifact_id text, p_version integer) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.get_cached(p_keys jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION work.get_cached(p_keys jsonb) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.get_content(p_artifact_id text, p_version integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.get_content(p_artifact_id text, p_version integer) TO pylayer_agent;
GRANT ALL ON FUNCTION work.get_content(p_artifact_id text, p_version integer) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.get_content(p_artifact_id text, p_version integer) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.get_execution(p_run_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.get_execution(p_run_id text) TO pylayer_agent;
GRANT ALL ON FUNCTION work.get_execution(p_run_id text) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.get_execution(p_run_id text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.get_item(p_item_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.get_item(p_item_id text) TO pylayer_agent;
GRANT ALL ON FUNCTION work.get_item(p_item_id text) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.get_item(p_item_id text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.get_project(p_project_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.get_project(p_project_id text) TO pylayer_agent;
GRANT ALL ON FUNCTION work.get_project(p_project_id text) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.get_project(p_project_id text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.get_task(p_execution_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.get_task(p_execution_id text) TO pylayer_agent;
GRANT ALL ON FUNCTION work.get_task(p_execution_id text) TO pylayer_admin;

REVOKE ALL ON FUNCTION work.get_workflow(p_workflow_id text, p_version text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.get_workflow(p_workflow_id text, p_version text) TO pylayer_agent;
GRANT ALL ON FUNCTION work.get_workflow(p_workflow_id text, p_version text) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.get_workflow(p_workflow_id text, p_version text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.guard_decision() FROM PUBLIC;

REVOKE ALL ON FUNCTION work.guard_execution() FROM PUBLIC;

REVOKE ALL ON FUNCTION work.guard_item() FROM PUBLIC;

REVOKE ALL ON FUNCTION work.guard_item_dependency() FROM PUBLIC;

REVOKE ALL ON FUNCTION work.guard_item_transition() FROM PUBLIC;

REVOKE ALL ON FUNCTION work.guard_new_item() FROM PUBLIC;

REVOKE ALL ON FUNCTION work.heartbeat(p_execution_id text, p_lease uuid, p_lease_seconds integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.heartbeat(p_execution_id text, p_lease uuid, p_lease_seconds integer) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.index_comment_text() FROM PUBLIC;

REVOKE ALL ON FUNCTION work.index_item_text() FROM PUBLIC;

REVOKE ALL ON FUNCTION work.inline_content_hash(p_content text, p_content_hash text) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.is_json_mime(p_mime_type text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.is_json_mime(p_mime_type text) TO pylayer_api;
GRANT ALL ON FUNCTION work.is_json_mime(p_mime_type text) TO pylayer_admin;
GRANT ALL ON FUNCTION work.is_json_mime(p_mime_type text) TO pylayer_agent;
GRANT ALL ON FUNCTION work.is_json_mime(p_mime_type text) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.is_json_mime(p_mime_type text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.is_opaque_json(p_content text) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.item_history(p_item_id text, p_limit integer, p_after integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.item_history(p_item_id text, p_limit integer, p_after integer) TO pylayer_agent;
GRANT ALL ON FUNCTION work.item_history(p_item_id text, p_limit integer, p_after integer) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.item_history(p_item_id text, p_limit integer, p_after integer) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.item_rows(p_item_ids text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.keep_comment_revision() FROM PUBLIC;

REVOKE ALL ON FUNCTION work.lease_problem(p_execution_id text, p_lease uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.link_artifact(p_artifact_id text, p_link_type text, p_version integer, p_item_id text, p_run_id text, p_event_id text, p_workflow_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.link_artifact(p_artifact_id text, p_link_type text, p_version integer, p_item_id text, p_run_id text, p_event_id text, p_workflow_name text) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.list_artifacts(p_type text, p_owner_item_id text, p_owner_run_id text, p_project_id text, p_tags jsonb, p_limit integer, p_after text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.list_artifacts(p_type text, p_owner_item_id text, p_owner_run_id text, p_project_id text, p_tags jsonb, p_limit integer, p_after text) TO pylayer_agent;
GRANT ALL ON FUNCTION work.list_artifacts(p_type text, p_owner_item_id text, p_owner_run_id text, p_project_id text, p_tags jsonb, p_limit integer, p_after text) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.list_artifacts(p_type text, p_owner_item_id text, p_owner_run_id text, p_project_id text, p_tags jsonb, p_limit integer, p_after text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.list_attachments(p_item_id text, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.list_attachments(p_item_id text, p_limit integer) TO pylayer_agent;
GRANT ALL ON FUNCTION work.list_attachments(p_item_id text, p_limit integer) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.list_attachments(p_item_id text, p_limit integer) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.list_checkpoints(p_thread_id text, p_checkpoint_ns text, p_checkpoint_id text, p_filter jsonb, p_before text, p_after jsonb, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.list_checkpoints(p_thread_id text, p_checkpoint_ns text, p_checkpoint_id text, p_filter jsonb, p_before text, p_after jsonb, p_limit integer) TO pylayer_agent;
GRANT ALL ON FUNCTION work.list_checkpoints(p_thread_id text, p_checkpoint_ns text, p_checkpoint_id text, p_filter jsonb, p_before text, p_after jsonb, p_limit integer) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.list_checkpoints(p_thread_id text, p_checkpoint_ns text, p_checkpoint_id text, p_filter jsonb, p_before text, p_after jsonb, p_limit integer) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.list_comments(p_item_id text, p_limit integer, p_after text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.list_comments(p_item_id text, p_limit integer, p_after text) TO pylayer_agent;
GRANT ALL ON FUNCTION work.list_comments(p_item_id text, p_limit integer, p_after text) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.list_comments(p_item_id text, p_limit integer, p_after text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.list_decisions(p_item_id text, p_project_id text, p_holds boolean, p_limit integer, p_after text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.list_decisions(p_item_id text, p_project_id text, p_holds boolean, p_limit integer, p_after text) TO pylayer_agent;
GRANT ALL ON FUNCTION work.list_decisions(p_item_id text, p_project_id text, p_holds boolean, p_limit integer, p_after text) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.list_decisions(p_item_id text, p_project_id text, p_holds boolean, p_limit integer, p_after text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.list_executions(p_status text, p_workflow_id text, p_parent_run_id text, p_project_id text, p_tags jsonb, p_limit integer, p_after text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.list_executions(p_status text, p_workflow_id text, p_parent_run_id text, p_project_id text, p_tags jsonb, p_limit integer, p_after text) TO pylayer_agent;
GRANT ALL ON FUNCTION work.list_executions(p_status text, p_workflow_id text, p_parent_run_id text, p_project_id text, p_tags jsonb, p_limit integer, p_after text) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.list_executions(p_status text, p_workflow_id text, p_parent_run_id text, p_project_id text, p_tags jsonb, p_limit integer, p_after text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.list_item_states(p_item_type text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.list_item_states(p_item_type text) TO pylayer_agent;
GRANT ALL ON FUNCTION work.list_item_states(p_item_type text) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.list_item_states(p_item_type text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.list_items(p_project_id text, p_item_type text, p_state text, p_open boolean, p_user_id text, p_agent_id text, p_tags jsonb, p_limit integer, p_after text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.list_items(p_project_id text, p_item_type text, p_state text, p_open boolean, p_user_id text, p_agent_id text, p_tags jsonb, p_limit integer, p_after text) TO pylayer_agent;
GRANT ALL ON FUNCTION work.list_items(p_project_id text, p_item_type text, p_state text, p_open boolean, p_user_id text, p_agent_id text, p_tags jsonb, p_limit integer, p_after text) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.list_items(p_project_id text, p_item_type text, p_state text, p_open boolean, p_user_id text, p_agent_id text, p_tags jsonb, p_limit integer, p_after text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.list_projects(p_limit integer, p_after text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.list_projects(p_limit integer, p_after text) TO pylayer_agent;
GRANT ALL ON FUNCTION work.list_projects(p_limit integer, p_after text) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.list_projects(p_limit integer, p_after text) TO pylayer_auditor;

GRANT SELECT,INSERT,UPDATE ON TABLE work.queues TO pylayer_api;
GRANT SELECT ON TABLE work.queues TO pylayer_admin;
GRANT SELECT ON TABLE work.queues TO pylayer_analyst;
GRANT SELECT ON TABLE work.queues TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.list_queues() FROM PUBLIC;
GRANT ALL ON FUNCTION work.list_queues() TO pylayer_agent;
GRANT ALL ON FUNCTION work.list_queues() TO pylayer_admin;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE work.task_schedules TO pylayer_api;
GRANT SELECT ON TABLE work.task_schedules TO pylayer_admin;
GRANT SELECT ON TABLE work.task_schedules TO pylayer_analyst;
GRANT SELECT ON TABLE work.task_schedules TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.list_schedules(p_due boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION work.list_schedules(p_due boolean) TO pylayer_agent;
GRANT ALL ON FUNCTION work.list_schedules(p_due boolean) TO pylayer_admin;

REVOKE ALL ON FUNCTION work.list_steps(p_run_id text, p_limit integer, p_after text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.list_steps(p_run_id text, p_limit integer, p_after text) TO pylayer_agent;
GRANT ALL ON FUNCTION work.list_steps(p_run_id text, p_limit integer, p_after text) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.list_steps(p_run_id text, p_limit integer, p_after text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.list_tasks(p_status work.task_status, p_queue text, p_task_name text, p_run_id text, p_limit integer, p_after text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.list_tasks(p_status work.task_status, p_queue text, p_task_name text, p_run_id text, p_limit integer, p_after text) TO pylayer_agent;
GRANT ALL ON FUNCTION work.list_tasks(p_status work.task_status, p_queue text, p_task_name text, p_run_id text, p_limit integer, p_after text) TO pylayer_admin;

GRANT SELECT,INSERT,DELETE ON TABLE work.execution_traces TO pylayer_api;
GRANT SELECT ON TABLE work.execution_traces TO pylayer_admin;
GRANT SELECT ON TABLE work.execution_traces TO pylayer_analyst;
GRANT SELECT ON TABLE work.execution_traces TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.list_traces(p_run_id text, p_limit integer, p_after text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.list_traces(p_run_id text, p_limit integer, p_after text) TO pylayer_agent;
GRANT ALL ON FUNCTION work.list_traces(p_run_id text, p_limit integer, p_after text) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.list_traces(p_run_id text, p_limit integer, p_after text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.list_versions(p_artifact_id text, p_limit integer, p_before integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.list_versions(p_artifact_id text, p_limit integer, p_before integer) TO pylayer_agent;
GRANT ALL ON FUNCTION work.list_versions(p_artifact_id text, p_limit integer, p_before integer) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.list_versions(p_artifact_id text, p_limit integer, p_before integer) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.list_workflows(p_workflow_id text, p_status text, p_project_id text, p_limit integer, p_after text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.list_workflows(p_workflow_id text, p_status text, p_project_id text, p_limit integer, p_after text[]) TO pylayer_agent;
GRANT ALL ON FUNCTION work.list_workflows(p_workflow_id text, p_status text, p_project_id text, p_limit integer, p_after text[]) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.list_workflows(p_workflow_id text, p_status text, p_project_id text, p_limit integer, p_after text[]) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.lock_artifact(p_artifact_id text, p_type text, p_expected_version integer, OUT type text, OUT latest_version integer, OUT reserved_version integer, OUT latest_content_hash text) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.lock_checkpoint_thread(p_thread_id text) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.lock_checkpoint_threads(p_threads bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.lock_driven(p_run_id text, p_worker text, p_started_at timestamp with time zone, p_alive_seconds integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.lock_execution(p_run_id text, p_attempt integer, p_ending text) FROM PUBLIC;

GRANT SELECT,INSERT,UPDATE ON TABLE work.items TO pylayer_api;
GRANT SELECT ON TABLE work.items TO pylayer_admin;
GRANT SELECT ON TABLE work.items TO pylayer_analyst;
GRANT SELECT ON TABLE work.items TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.lock_item(p_item_id text, p_expected_version integer) FROM PUBLIC;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE work.artifact_uploads TO pylayer_api;
GRANT SELECT ON TABLE work.artifact_uploads TO pylayer_admin;
GRANT SELECT ON TABLE work.artifact_uploads TO pylayer_analyst;
GRANT SELECT ON TABLE work.artifact_uploads TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.lock_upload(p_upload_id text, p_missing_ok boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.lock_waiting_parent(p_run_id text) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.new_task_id(p_now timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.new_tasks(p_tasks jsonb, p_prefix text, p_now timestamp with time zone, p_keys integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.note_look(p_noted text, p_state bigint[], p_size integer, p_nths integer[], p_positions bigint[], p_n integer, p_started timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.notify_tasks(p_queue text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.notify_tasks(p_queue text) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.pause_queue(p_queue text, p_paused boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION work.pause_queue(p_queue text, p_paused boolean) TO pylayer_admin;

REVOKE ALL ON FUNCTION work.pick_tasks(p_worker text, p_queues text[], p_n integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.project_rows(p_project_ids text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.prunable_checkpoints(p_threads bigint[], p_keep_last integer, p_since timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.prune_checkpoints(p_thread_ids jsonb, p_keep_last integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.prune_checkpoints(p_thread_ids jsonb, p_keep_last integer) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.purge_executions(p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.purge_executions(p_limit integer) TO pylayer_admin;

REVOKE ALL ON FUNCTION work.purge_tasks(p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.purge_tasks(p_limit integer) TO pylayer_admin;

REVOKE ALL ON FUNCTION work.put_checkpoint(p_thread_id text, p_checkpoint_ns text, p_checkpoint_id text, p_parent_checkpoint_id text, p_checkpoint jsonb, p_metadata jsonb, p_channel_values jsonb, p_blobs jsonb, p_data bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION work.put_checkpoint(p_thread_id text, p_checkpoint_ns text, p_checkpoint_id text, p_parent_checkpoint_id text, p_checkpoint jsonb, p_metadata jsonb, p_channel_values jsonb, p_blobs jsonb, p_data bytea) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.put_checkpoint_writes(p_thread_id text, p_checkpoint_ns text, p_checkpoint_id text, p_task_id text, p_task_path text, p_writes jsonb, p_values jsonb, p_blobs jsonb, p_data bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION work.put_checkpoint_writes(p_thread_id text, p_checkpoint_ns text, p_checkpoint_id text, p_task_id text, p_task_path text, p_writes jsonb, p_values jsonb, p_blobs jsonb, p_data bytea) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.read_checkpoint_blobs(p_blobs bigint[], OUT blobs jsonb, OUT data bytea) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.record_attempts(p_run work.workflow_executions, p_attempts jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.record_decision(p_title text, p_decision text, p_item_id text, p_project_id text, p_rationale text, p_alternatives jsonb, p_supersedes_id text, p_actor text, p_run_id text, p_decision_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.record_decision(p_title text, p_decision text, p_item_id text, p_project_id text, p_rationale text, p_alternatives jsonb, p_supersedes_id text, p_actor text, p_run_id text, p_decision_id text) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.record_execution(p_run_id text, p_worker text, p_workflow_id text, p_started_at timestamp with time zone, p_inputs jsonb, p_project_id text, p_metadata jsonb, p_spans jsonb, p_status text, p_status_at timestamp with time zone, p_outputs jsonb, p_error text, p_reason text, p_alive_seconds integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.record_execution(p_run_id text, p_worker text, p_workflow_id text, p_started_at timestamp with time zone, p_inputs jsonb, p_project_id text, p_metadata jsonb, p_spans jsonb, p_status text, p_status_at timestamp with time zone, p_outputs jsonb, p_error text, p_reason text, p_alive_seconds integer) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.record_step(p_run work.workflow_executions, p_step_name text, p_status text, p_output jsonb, p_error text, p_duration_ms bigint, p_wakes_at timestamp with time zone, p_state_data jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.record_traces(p_run_id text, p_spans jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION work.record_traces(p_run_id text, p_spans jsonb) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.record_upload_cleanup(p_upload_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.record_upload_cleanup(p_upload_id text) TO pylayer_admin;

REVOKE ALL ON FUNCTION work.referenced_blob_ids(p_values jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.referenced_write_blob_ids(p_writes jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.refuse_lease(p_execution_id text, p_lease uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.refuse_missing(p_artifact_id text, p_version integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.refuse_missing_item(p_item_id text) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.refuse_no_workflow(p_workflow_id text, p_version text) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.refuse_run(p_run_id text, p_status text) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.register_workflow(p_workflow_id text, p_version text, p_steps jsonb, p_name text, p_description text, p_status text, p_project_id text, p_metadata jsonb, p_tags jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION work.register_workflow(p_workflow_id text, p_version text, p_steps jsonb, p_name text, p_description text, p_status text, p_project_id text, p_metadata jsonb, p_tags jsonb) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.release_checkpoint_blobs(p_threads bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.remove_blobs_without_use(p_blobs bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.remove_checkpoints(p_threads bigint[], p_keys jsonb, OUT checkpoints bigint, OUT blobs bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.remove_dependency(p_item_id text, p_depends_on_item_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.remove_dependency(p_item_id text, p_depends_on_item_id text) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.remove_expired_cached(p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.remove_expired_cached(p_limit integer) TO pylayer_admin;

REVOKE ALL ON FUNCTION work.remove_schedule(p_schedule text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.remove_schedule(p_schedule text) TO pylayer_admin;

REVOKE ALL ON FUNCTION work.remove_unused_checkpoint_blobs(p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.remove_unused_checkpoint_blobs(p_limit integer) TO pylayer_admin;

REVOKE ALL ON FUNCTION work.requeue_dead(p_execution_ids text[], p_queue text, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.requeue_dead(p_execution_ids text[], p_queue text, p_limit integer) TO pylayer_admin;

REVOKE ALL ON FUNCTION work.resolve_checkpoint_values(p_values jsonb, p_blob_ids bigint[], p_same jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.restore_item(p_item_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.restore_item(p_item_id text) TO pylayer_admin;

REVOKE ALL ON FUNCTION work.retire_checkpoints(p_after bigint, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.retire_checkpoints(p_after bigint, p_limit integer) TO pylayer_admin;

REVOKE ALL ON FUNCTION work.retry_execution(p_run_id text, p_deadline timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION work.retry_execution(p_run_id text, p_deadline timestamp with time zone) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.runs_kept_from() FROM PUBLIC;
GRANT ALL ON FUNCTION work.runs_kept_from() TO pylayer_admin;
GRANT ALL ON FUNCTION work.runs_kept_from() TO pylayer_analyst;

REVOKE ALL ON FUNCTION work.save_project(p_project_id text, p_fields jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION work.save_project(p_project_id text, p_fields jsonb) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.search_items(p_query text, p_project_id text, p_item_type text, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.search_items(p_query text, p_project_id text, p_item_type text, p_limit integer) TO pylayer_agent;
GRANT ALL ON FUNCTION work.search_items(p_query text, p_project_id text, p_item_type text, p_limit integer) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.search_items(p_query text, p_project_id text, p_item_type text, p_limit integer) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.set_artifact_fields(p_artifact_id text, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.set_cached(p_entries jsonb, p_data bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION work.set_cached(p_entries jsonb, p_data bytea) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.set_queue(p_queue text, p_events work.task_events, p_key_limit integer, p_retry_base_seconds double precision, p_retry_max_seconds double precision, p_retention_days integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.set_queue(p_queue text, p_events work.task_events, p_key_limit integer, p_retry_base_seconds double precision, p_retry_max_seconds double precision, p_retention_days integer) TO pylayer_admin;

REVOKE ALL ON FUNCTION work.set_schedule(p_schedule text, p_cron text, p_task jsonb, p_next_at timestamp with time zone, p_timezone text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.set_schedule(p_schedule text, p_cron text, p_task jsonb, p_next_at timestamp with time zone, p_timezone text) TO pylayer_admin;

REVOKE ALL ON FUNCTION work.set_workflow_status(p_workflow_id text, p_version text, p_status text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.set_workflow_status(p_workflow_id text, p_version text, p_status text) TO pylayer_admin;

REVOKE ALL ON FUNCTION work.settle_changes(p_changes work.task_change[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.sleep_until(p_run_id text, p_attempt integer, p_step_name text, p_until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION work.sleep_until(p_run_id text, p_attempt integer, p_step_name text, p_until timestamp with time zone) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.split_checkpoint_blobs(p_blobs jsonb, p_data bytea, OUT hashes bytea[], OUT serde_types text[], OUT pieces bytea[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.start_execution(p_workflow_id text, p_inputs jsonb, p_run_id text, p_version text, p_parent_run_id text, p_start_at timestamp with time zone, p_deadline timestamp with time zone, p_assigned_agents text[], p_project_id text, p_metadata jsonb, p_tags jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION work.start_execution(p_workflow_id text, p_inputs jsonb, p_run_id text, p_version text, p_parent_run_id text, p_start_at timestamp with time zone, p_deadline timestamp with time zone, p_assigned_agents text[], p_project_id text, p_metadata jsonb, p_tags jsonb) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.step_of(p_run_id text, p_step_name text) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.store_checkpoint_blobs(p_thread_key bigint, p_blobs jsonb, p_data bytea) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.store_execution_event() FROM PUBLIC;

REVOKE ALL ON FUNCTION work.store_task_events(p_changes work.task_change[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.store_tasks(p_tasks jsonb, p_prefix text, p_now timestamp with time zone, p_keys integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.story_changed_event(p_old work.items, p_new work.items, p_actor text, p_change_type text, p_cause_stage text, p_summary text, p_run_id text, p_workflow_name text, p_agent_role text) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.suspend_execution(p_run work.workflow_executions, p_step_name text, p_wakes_at timestamp with time zone, p_waiting_for text) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.sweep_tasks(p_limit integer, OUT due integer, OUT expired integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.sweep_tasks(p_limit integer, OUT due integer, OUT expired integer) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.tasks_kept_from() FROM PUBLIC;
GRANT ALL ON FUNCTION work.tasks_kept_from() TO pylayer_admin;
GRANT ALL ON FUNCTION work.tasks_kept_from() TO pylayer_analyst;

REVOKE ALL ON FUNCTION work.training_agent_tasks(p_from timestamp with time zone, p_to timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION work.training_agent_tasks(p_from timestamp with time zone, p_to timestamp with time zone) TO pylayer_admin;
GRANT ALL ON FUNCTION work.training_agent_tasks(p_from timestamp with time zone, p_to timestamp with time zone) TO pylayer_analyst;

REVOKE ALL ON FUNCTION work.training_tool_executions(p_from timestamp with time zone, p_to timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION work.training_tool_executions(p_from timestamp with time zone, p_to timestamp with time zone) TO pylayer_admin;
GRANT ALL ON FUNCTION work.training_tool_executions(p_from timestamp with time zone, p_to timestamp with time zone) TO pylayer_analyst;

REVOKE ALL ON FUNCTION work.transition_item(p_item_id text, p_to_state text, p_expected_state text, p_actor text, p_reason text, p_run_id text, p_workflow_name text, p_agent_role text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.transition_item(p_item_id text, p_to_state text, p_expected_state text, p_actor text, p_reason text, p_run_id text, p_workflow_name text, p_agent_role text) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.undeleted_blobs(p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.undeleted_blobs(p_limit integer) TO pylayer_admin;

REVOKE ALL ON FUNCTION work.update_item(p_item_id text, p_changes jsonb, p_expected_version integer, p_actor text, p_change_type text, p_cause_stage text, p_summary text, p_run_id text, p_workflow_name text, p_agent_role text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.update_item(p_item_id text, p_changes jsonb, p_expected_version integer, p_actor text, p_change_type text, p_cause_stage text, p_summary text, p_run_id text, p_workflow_name text, p_agent_role text) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.version_bounds(p_selector text, OUT p_from integer[], OUT p_below integer[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.version_of(p_artifact_id text, p_version integer, p_created boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.wake_parent() FROM PUBLIC;

GRANT SELECT,INSERT,UPDATE ON TABLE work.workflows TO pylayer_api;
GRANT SELECT ON TABLE work.workflows TO pylayer_admin;
GRANT SELECT ON TABLE work.workflows TO pylayer_analyst;
GRANT SELECT ON TABLE work.workflows TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.workflow_of(p_row work.workflows, p_created boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.write_inline(p_artifact_id text, p_type text, p_content text, p_mime_type text, p_expected_version integer, p_content_hash text, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) FROM PUBLIC;

GRANT SELECT,INSERT ON TABLE ai.agent_definitions TO pylayer_api;
GRANT SELECT,INSERT ON TABLE ai.agent_definitions TO pylayer_admin;
GRANT SELECT ON TABLE ai.agent_definitions TO pylayer_analyst;
GRANT SELECT ON TABLE ai.agent_definitions TO pylayer_auditor;

GRANT SELECT,INSERT,UPDATE ON TABLE ai.agents TO pylayer_api;
GRANT SELECT,INSERT,UPDATE ON TABLE ai.agents TO pylayer_admin;
GRANT SELECT ON TABLE ai.agents TO pylayer_analyst;
GRANT SELECT ON TABLE ai.agents TO pylayer_auditor;

GRANT SELECT,INSERT ON TABLE ai.conversations TO pylayer_api;
GRANT SELECT ON TABLE ai.conversations TO pylayer_admin;
GRANT SELECT ON TABLE ai.conversations TO pylayer_analyst;
GRANT SELECT ON TABLE ai.conversations TO pylayer_auditor;

GRANT UPDATE(title) ON TABLE ai.conversations TO pylayer_api;

GRANT UPDATE(agent_id) ON TABLE ai.conversations TO pylayer_api;

GRANT UPDATE(run_id) ON TABLE ai.conversations TO pylayer_api;

GRANT UPDATE(project_id) ON TABLE ai.conversations TO pylayer_api;

GRANT UPDATE(tags) ON TABLE ai.conversations TO pylayer_api;

GRANT UPDATE(metadata) ON TABLE ai.conversations TO pylayer_api;

GRANT UPDATE(message_count) ON TABLE ai.conversations TO pylayer_api;

GRANT UPDATE(updated_at) ON TABLE ai.conversations TO pylayer_api;

GRANT SELECT,INSERT ON TABLE ai.messages TO pylayer_api;
GRANT SELECT ON TABLE ai.messages TO pylayer_admin;
GRANT SELECT ON TABLE ai.messages TO pylayer_analyst;
GRANT SELECT ON TABLE ai.messages TO pylayer_auditor;

GRANT SELECT,INSERT ON TABLE ai.models TO pylayer_api;
GRANT SELECT ON TABLE ai.models TO pylayer_admin;
GRANT SELECT ON TABLE ai.models TO pylayer_analyst;
GRANT SELECT ON TABLE ai.models TO pylayer_auditor;

GRANT SELECT ON TABLE core.schema_files TO pylayer_api;
GRANT SELECT ON TABLE core.schema_files TO pylayer_admin;
GRANT SELECT ON TABLE core.schema_files TO pylayer_analyst;
GRANT SELECT ON TABLE core.schema_files TO pylayer_auditor;

GRANT SELECT,UPDATE ON TABLE core.settings TO pylayer_api;
GRANT SELECT ON TABLE core.settings TO pylayer_admin;
GRANT SELECT ON TABLE core.settings TO pylayer_analyst;
GRANT SELECT ON TABLE core.settings TO pylayer_auditor;

GRANT UPDATE(inline_limit_bytes) ON TABLE core.settings TO pylayer_admin;

GRANT UPDATE(max_event_bytes) ON TABLE core.settings TO pylayer_admin;

GRANT UPDATE(max_batch_events) ON TABLE core.settings TO pylayer_admin;

GRANT UPDATE(max_ts_skew) ON TABLE core.settings TO pylayer_admin;

GRANT UPDATE(max_clock_ahead) ON TABLE core.settings TO pylayer_admin;

GRANT UPDATE(months_ahead) ON TABLE core.settings TO pylayer_admin;

GRANT UPDATE(retention_days) ON TABLE core.settings TO pylayer_admin;

GRANT UPDATE(upload_ttl) ON TABLE core.settings TO pylayer_admin;

GRANT UPDATE(upload_grace) ON TABLE core.settings TO pylayer_admin;

GRANT UPDATE(archive_enabled) ON TABLE core.settings TO pylayer_admin;

GRANT UPDATE(retention_grace) ON TABLE core.settings TO pylayer_admin;

GRANT UPDATE(checkpoint_keep_last) ON TABLE core.settings TO pylayer_admin;

GRANT UPDATE(checkpoint_keep_days) ON TABLE core.settings TO pylayer_admin;

GRANT UPDATE(run_retention_days) ON TABLE core.settings TO pylayer_admin;

GRANT SELECT,INSERT ON TABLE iam.api_keys TO pylayer_api;

GRANT UPDATE(revoked_at) ON TABLE iam.api_keys TO pylayer_api;

GRANT UPDATE(last_used_at) ON TABLE iam.api_keys TO pylayer_api;

GRANT SELECT,INSERT,UPDATE ON TABLE iam.users TO pylayer_api;
GRANT SELECT,INSERT,UPDATE ON TABLE iam.users TO pylayer_admin;
GRANT SELECT ON TABLE iam.users TO pylayer_analyst;
GRANT SELECT ON TABLE iam.users TO pylayer_auditor;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE partman.part_config TO pylayer_owner;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE partman.part_config_sub TO pylayer_owner;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE partman.table_privs TO pylayer_owner;

GRANT SELECT,INSERT,UPDATE ON TABLE telemetry.archives TO pylayer_api;
GRANT SELECT ON TABLE telemetry.archives TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.archives TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.archives TO pylayer_auditor;

GRANT SELECT,INSERT,UPDATE ON TABLE telemetry.cycle_rollups TO pylayer_api;
GRANT SELECT ON TABLE telemetry.cycle_rollups TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.cycle_rollups TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.cycle_rollups TO pylayer_auditor;

GRANT SELECT,INSERT,UPDATE ON TABLE telemetry.event_rollups TO pylayer_api;
GRANT SELECT ON TABLE telemetry.event_rollups TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.event_rollups TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.event_rollups TO pylayer_auditor;

GRANT SELECT,INSERT ON TABLE telemetry.event_types TO pylayer_api;
GRANT SELECT ON TABLE telemetry.event_types TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.event_types TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.event_types TO pylayer_auditor;

GRANT SELECT,INSERT,DELETE ON TABLE telemetry.ingest_counts TO pylayer_api;
GRANT SELECT ON TABLE telemetry.ingest_counts TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.ingest_counts TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.ingest_counts TO pylayer_auditor;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE telemetry.item_rollups TO pylayer_api;
GRANT SELECT ON TABLE telemetry.item_rollups TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.item_rollups TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.item_rollups TO pylayer_auditor;

GRANT SELECT,INSERT,UPDATE ON TABLE telemetry.month_rollups TO pylayer_api;
GRANT SELECT ON TABLE telemetry.month_rollups TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.month_rollups TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.month_rollups TO pylayer_auditor;

GRANT SELECT,INSERT,UPDATE ON TABLE telemetry.retired_months TO pylayer_api;
GRANT SELECT ON TABLE telemetry.retired_months TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.retired_months TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.retired_months TO pylayer_auditor;

GRANT SELECT,UPDATE ON TABLE telemetry.rollup_progress TO pylayer_api;
GRANT SELECT ON TABLE telemetry.rollup_progress TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.rollup_progress TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.rollup_progress TO pylayer_auditor;

GRANT SELECT,INSERT,UPDATE ON TABLE telemetry.run_rollups TO pylayer_api;
GRANT SELECT ON TABLE telemetry.run_rollups TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.run_rollups TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.run_rollups TO pylayer_auditor;

GRANT SELECT ON TABLE telemetry.v_bounces TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.v_bounces TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.v_bounces TO pylayer_auditor;

GRANT SELECT ON TABLE telemetry.v_cycle_time TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.v_cycle_time TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.v_cycle_time TO pylayer_auditor;

GRANT SELECT ON TABLE telemetry.v_flow_issues TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.v_flow_issues TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.v_flow_issues TO pylayer_auditor;

GRANT SELECT ON TABLE telemetry.v_gap_escape_rate TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.v_gap_escape_rate TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.v_gap_escape_rate TO pylayer_auditor;

GRANT SELECT ON TABLE telemetry.v_post_ready_churn TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.v_post_ready_churn TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.v_post_ready_churn TO pylayer_auditor;

GRANT SELECT ON TABLE telemetry.v_run_summary TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.v_run_summary TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.v_run_summary TO pylayer_auditor;

GRANT SELECT ON TABLE telemetry.v_step_cost TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.v_step_cost TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.v_step_cost TO pylayer_auditor;

GRANT SELECT,INSERT ON TABLE work.artifact_links TO pylayer_api;
GRANT SELECT ON TABLE work.artifact_links TO pylayer_admin;
GRANT SELECT ON TABLE work.artifact_links TO pylayer_analyst;
GRANT SELECT ON TABLE work.artifact_links TO pylayer_auditor;

GRANT SELECT,INSERT ON TABLE work.artifact_tombstones TO pylayer_api;
GRANT SELECT ON TABLE work.artifact_tombstones TO pylayer_admin;
GRANT SELECT ON TABLE work.artifact_tombstones TO pylayer_analyst;
GRANT SELECT ON TABLE work.artifact_tombstones TO pylayer_auditor;

GRANT UPDATE(object_deleted_at) ON TABLE work.artifact_tombstones TO pylayer_api;

GRANT SELECT,INSERT ON TABLE work.artifact_versions TO pylayer_api;
GRANT SELECT ON TABLE work.artifact_versions TO pylayer_admin;
GRANT SELECT ON TABLE work.artifact_versions TO pylayer_analyst;
GRANT SELECT ON TABLE work.artifact_versions TO pylayer_auditor;

GRANT SELECT,INSERT,UPDATE ON TABLE work.artifacts TO pylayer_api;
GRANT SELECT ON TABLE work.artifacts TO pylayer_admin;
GRANT SELECT ON TABLE work.artifacts TO pylayer_analyst;
GRANT SELECT ON TABLE work.artifacts TO pylayer_auditor;

GRANT SELECT,INSERT ON TABLE work.attachments TO pylayer_api;
GRANT SELECT ON TABLE work.attachments TO pylayer_admin;
GRANT SELECT ON TABLE work.attachments TO pylayer_analyst;
GRANT SELECT ON TABLE work.attachments TO pylayer_auditor;

GRANT UPDATE(detached_at) ON TABLE work.attachments TO pylayer_api;

GRANT SELECT,INSERT,DELETE ON TABLE work.checkpoint_blob_uses TO pylayer_api;
GRANT SELECT ON TABLE work.checkpoint_blob_uses TO pylayer_admin;
GRANT SELECT ON TABLE work.checkpoint_blob_uses TO pylayer_analyst;
GRANT SELECT ON TABLE work.checkpoint_blob_uses TO pylayer_auditor;

GRANT SELECT,INSERT,DELETE ON TABLE work.checkpoint_blobs TO pylayer_api;
GRANT SELECT ON TABLE work.checkpoint_blobs TO pylayer_admin;
GRANT SELECT ON TABLE work.checkpoint_blobs TO pylayer_analyst;
GRANT SELECT ON TABLE work.checkpoint_blobs TO pylayer_auditor;

GRANT UPDATE(created_at) ON TABLE work.checkpoint_blobs TO pylayer_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE work.checkpoint_threads TO pylayer_api;
GRANT SELECT ON TABLE work.checkpoint_threads TO pylayer_admin;
GRANT SELECT ON TABLE work.checkpoint_threads TO pylayer_analyst;
GRANT SELECT ON TABLE work.checkpoint_threads TO pylayer_auditor;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE work.checkpoint_writes TO pylayer_api;
GRANT SELECT ON TABLE work.checkpoint_writes TO pylayer_admin;
GRANT SELECT ON TABLE work.checkpoint_writes TO pylayer_analyst;
GRANT SELECT ON TABLE work.checkpoint_writes TO pylayer_auditor;

GRANT SELECT,INSERT ON TABLE work.comment_revisions TO pylayer_api;
GRANT SELECT ON TABLE work.comment_revisions TO pylayer_admin;
GRANT SELECT ON TABLE work.comment_revisions TO pylayer_analyst;
GRANT SELECT ON TABLE work.comment_revisions TO pylayer_auditor;

GRANT SELECT,INSERT ON TABLE work.comments TO pylayer_api;
GRANT SELECT ON TABLE work.comments TO pylayer_admin;
GRANT SELECT ON TABLE work.comments TO pylayer_analyst;
GRANT SELECT ON TABLE work.comments TO pylayer_auditor;

GRANT UPDATE(body) ON TABLE work.comments TO pylayer_api;

GRANT UPDATE(deleted_at) ON TABLE work.comments TO pylayer_api;

GRANT UPDATE(edited_by) ON TABLE work.comments TO pylayer_api;

GRANT SELECT,INSERT ON TABLE work.decisions TO pylayer_api;
GRANT SELECT ON TABLE work.decisions TO pylayer_admin;
GRANT SELECT ON TABLE work.decisions TO pylayer_analyst;
GRANT SELECT ON TABLE work.decisions TO pylayer_auditor;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE work.graph_cache TO pylayer_api;
GRANT SELECT ON TABLE work.graph_cache TO pylayer_admin;
GRANT SELECT ON TABLE work.graph_cache TO pylayer_analyst;
GRANT SELECT ON TABLE work.graph_cache TO pylayer_auditor;

GRANT SELECT,INSERT,DELETE ON TABLE work.item_dependencies TO pylayer_api;
GRANT SELECT ON TABLE work.item_dependencies TO pylayer_admin;
GRANT SELECT ON TABLE work.item_dependencies TO pylayer_analyst;
GRANT SELECT ON TABLE work.item_dependencies TO pylayer_auditor;

GRANT SELECT ON TABLE work.item_state_transitions TO pylayer_api;
GRANT SELECT,INSERT,DELETE ON TABLE work.item_state_transitions TO pylayer_admin;
GRANT SELECT ON TABLE work.item_state_transitions TO pylayer_analyst;
GRANT SELECT ON TABLE work.item_state_transitions TO pylayer_auditor;

GRANT SELECT ON TABLE work.item_states TO pylayer_api;
GRANT SELECT,INSERT ON TABLE work.item_states TO pylayer_admin;
GRANT SELECT ON TABLE work.item_states TO pylayer_analyst;
GRANT SELECT ON TABLE work.item_states TO pylayer_auditor;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE work.item_texts TO pylayer_api;
GRANT SELECT ON TABLE work.item_texts TO pylayer_admin;
GRANT SELECT ON TABLE work.item_texts TO pylayer_analyst;
GRANT SELECT ON TABLE work.item_texts TO pylayer_auditor;

GRANT SELECT,INSERT ON TABLE work.item_transitions TO pylayer_api;
GRANT SELECT ON TABLE work.item_transitions TO pylayer_admin;
GRANT SELECT ON TABLE work.item_transitions TO pylayer_analyst;
GRANT SELECT ON TABLE work.item_transitions TO pylayer_auditor;

GRANT SELECT,INSERT,UPDATE ON TABLE work.projects TO pylayer_api;
GRANT SELECT ON TABLE work.projects TO pylayer_admin;
GRANT SELECT ON TABLE work.projects TO pylayer_analyst;
GRANT SELECT ON TABLE work.projects TO pylayer_auditor;

GRANT SELECT,INSERT,DELETE ON TABLE work.signals TO pylayer_api;
GRANT SELECT ON TABLE work.signals TO pylayer_admin;
GRANT SELECT ON TABLE work.signals TO pylayer_analyst;
GRANT SELECT ON TABLE work.signals TO pylayer_auditor;

GRANT UPDATE(step_name) ON TABLE work.signals TO pylayer_api;

GRANT UPDATE(received_at) ON TABLE work.signals TO pylayer_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE work.step_executions TO pylayer_api;
GRANT SELECT ON TABLE work.step_executions TO pylayer_admin;
GRANT SELECT ON TABLE work.step_executions TO pylayer_analyst;
GRANT SELECT ON TABLE work.step_executions TO pylayer_auditor;

GRANT SELECT,USAGE ON SEQUENCE work.task_positions TO pylayer_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE work.task_executions TO pylayer_api;
GRANT SELECT ON TABLE work.task_executions TO pylayer_admin;
GRANT SELECT ON TABLE work.task_executions TO pylayer_analyst;
GRANT SELECT ON TABLE work.task_executions TO pylayer_auditor;

GRANT SELECT ON TABLE work.v_items TO pylayer_admin;
GRANT SELECT ON TABLE work.v_items TO pylayer_analyst;
GRANT SELECT ON TABLE work.v_items TO pylayer_auditor;

GRANT SELECT ON TABLE work.v_queues TO pylayer_admin;
GRANT SELECT ON TABLE work.v_queues TO pylayer_analyst;
GRANT SELECT ON TABLE work.v_queues TO pylayer_auditor;

GRANT SELECT ON TABLE work.v_runs TO pylayer_admin;
GRANT SELECT ON TABLE work.v_runs TO pylayer_analyst;
GRANT SELECT ON TABLE work.v_runs TO pylayer_auditor;

CREATE EVENT TRIGGER pylayer_guard_partitions ON ddl_command_end
         WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE')
   EXECUTE FUNCTION telemetry.guard_new_partitions();

ALTER EVENT TRIGGER pylayer_guard_partitions ENABLE ALWAYS;

ALTER EVENT TRIGGER pylayer_guard_partitions OWNER TO postgres;

-- Each month:

CREATE TABLE telemetry.workflow_events_pMONTH (
    event_id text CONSTRAINT workflow_events_event_id_not_null NOT NULL COLLATE pg_catalog."C",
    event_version integer CONSTRAINT workflow_events_event_version_not_null NOT NULL,
    event_name text CONSTRAINT workflow_events_event_name_not_null NOT NULL,
    ts timestamp with time zone CONSTRAINT workflow_events_ts_not_null NOT NULL,
    run_id text,
    item_id text,
    workflow_name text,
    agent_role text,
    payload jsonb CONSTRAINT workflow_events_payload_not_null NOT NULL,
    project_id text,
    metadata jsonb,
    recorded_at timestamp with time zone DEFAULT clock_timestamp() CONSTRAINT workflow_events_recorded_at_not_null NOT NULL,
    recorded_epoch integer CONSTRAINT workflow_events_recorded_epoch_not_null NOT NULL,
    recorded_xid bigint CONSTRAINT workflow_events_recorded_xid_not_null NOT NULL,
    CONSTRAINT event_id_is_ulid CHECK (((octet_length(event_id) = 26) AND (event_id < '8'::text) AND (event_id !~ '[^0-9A-HJKMNP-TV-Z]'::text)))
);

ALTER TABLE telemetry.workflow_events_pMONTH OWNER TO pylayer_owner;

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.event_id IS 'ULID of the event: identity, partition key and dedupe key';

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.event_version IS 'Version of the payload contract';

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.event_name IS 'Name of the event type';

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.ts IS 'When it happened, by the sender; near the time in event_id';

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.run_id IS 'Workflow run, free text';

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.item_id IS 'Work item, free text such as INFR-001';

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.workflow_name IS 'Workflow, free text';

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.agent_role IS 'Role of the agent that reported it, free text';

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.payload IS 'Facts of the event, checked against its contract';

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.project_id IS 'Project it belongs to, free text';

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.metadata IS 'Source ids and trace context; no rule reads it';

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.recorded_at IS 'When the database stored it';

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.recorded_epoch IS 'Epoch of the cluster that stored it';

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.recorded_xid IS 'Transaction that stored it; with the epoch and the id, a gap-free reading order';

ALTER TABLE ONLY telemetry.workflow_events ATTACH PARTITION telemetry.workflow_events_pMONTH FOR VALUES FROM ('MONTH') TO ('NEXT');

ALTER TABLE ONLY telemetry.workflow_events_pMONTH
    ADD CONSTRAINT workflow_events_pMONTH_pkey PRIMARY KEY (event_id);

CREATE INDEX workflow_events_pMONTH_event_name_ts_idx ON telemetry.workflow_events_pMONTH USING btree (event_name, ts);

CREATE INDEX workflow_events_pMONTH_item_id_ts_idx ON telemetry.workflow_events_pMONTH USING btree (item_id, ts);

CREATE INDEX workflow_events_pMONTH_recorded_epoch_recorded_xid_event_idx ON telemetry.workflow_events_pMONTH USING btree (recorded_epoch, recorded_xid, event_id);

CREATE INDEX workflow_events_pMONTH_run_id_ts_idx ON telemetry.workflow_events_pMONTH USING btree (run_id, ts);

ALTER INDEX telemetry.workflow_events_name_ts ATTACH PARTITION telemetry.workflow_events_pMONTH_event_name_ts_idx;

ALTER INDEX telemetry.workflow_events_item_ts ATTACH PARTITION telemetry.workflow_events_pMONTH_item_id_ts_idx;

ALTER INDEX telemetry.workflow_events_pkey ATTACH PARTITION telemetry.workflow_events_pMONTH_pkey;

ALTER INDEX telemetry.workflow_events_recorded ATTACH PARTITION telemetry.workflow_events_pMONTH_recorded_epoch_recorded_xid_event_idx;

ALTER INDEX telemetry.workflow_events_run_ts ATTACH PARTITION telemetry.workflow_events_pMONTH_run_id_ts_idx;

CREATE TRIGGER workflow_events_keep_all BEFORE TRUNCATE ON telemetry.workflow_events_pMONTH FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE telemetry.workflow_events_pMONTH ENABLE ALWAYS TRIGGER workflow_events_keep_all;
