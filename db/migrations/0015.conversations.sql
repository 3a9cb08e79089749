-- Conversations: what was said to and by agents, in order, append-only.

-- A CHECK stands on it.
create function ai.is_tool_calls(p_tool_calls jsonb) returns boolean
language sql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
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
$$;
comment on function ai.is_tool_calls(jsonb) is
'Whether it is a list of tool calls in the messages format: id, type "function", function with name and arguments (text)';

create table ai.conversations (
  instance_id text collate "C" primary key check (length(instance_id) between 1 and 255),
  title text check (length(title) <= 500),
  agent_id text check (length(agent_id) <= 255),
  run_id text check (length(run_id) <= 255),
  project_id text check (length(project_id) <= 255),
  tags jsonb check (jsonb_typeof(tags) in ('object', 'array')),
  metadata jsonb check (jsonb_typeof(metadata) = 'object'),
  message_count bigint not null default 0 check (message_count >= 0),
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp()
) with (fillfactor = 85);  -- room for HOT updates: each message changes the row, none of its indexed columns
comment on table ai.conversations is
'Conversations. Only message_count and updated_at ever change, when messages are appended; never removed';
comment on column ai.conversations.instance_id is 'Identity, free text: whatever the caller calls the conversation, else a ULID';
comment on column ai.conversations.title is 'What it is about, in words';
comment on column ai.conversations.agent_id is 'Agent that it is held with, free text';
comment on column ai.conversations.run_id is 'Workflow run that it belongs to, free text';
comment on column ai.conversations.project_id is 'Project it belongs to, free text';
comment on column ai.conversations.tags is 'Object or array to search by containment; null is none';
comment on column ai.conversations.metadata is 'What nobody queries yet, an object; null is none';
comment on column ai.conversations.message_count is 'Messages so far, and so the position of the last one';
comment on column ai.conversations.created_at is 'When it was made';
comment on column ai.conversations.updated_at is 'When the last message was appended';

create index conversations_created on ai.conversations (created_at, instance_id);
create index conversations_agent on ai.conversations (agent_id, created_at, instance_id) where agent_id is not null;
create index conversations_run on ai.conversations (run_id, created_at, instance_id) where run_id is not null;
create index conversations_project on ai.conversations (project_id, created_at, instance_id) where project_id is not null;
create index conversations_tags on ai.conversations using gin (tags jsonb_path_ops) where tags is not null;

create table ai.messages (
  instance_id text collate "C" not null references ai.conversations,
  position bigint not null check (position > 0),
  message_id text collate "C" not null check (length(message_id) between 1 and 255),
  agent_id text check (length(agent_id) <= 255),
  role text not null check (role in ('system', 'developer', 'user', 'assistant', 'tool')),
  content text not null,
  tool_calls jsonb,
  tool_call_id text check (length(tool_call_id) between 1 and 255),
  call_position bigint,
  is_error boolean not null default false,
  metadata jsonb check (jsonb_typeof(metadata) = 'object'),
  token_count integer not null check (token_count >= 0),
  is_token_estimate boolean not null,
  created_at timestamptz not null default clock_timestamp(),
  recorded_epoch integer not null,
  recorded_xid bigint not null,
  primary key (instance_id, position),
  constraint messages_once unique (instance_id, message_id),
  constraint messages_result_names_its_call check ((role = 'tool') = (tool_call_id is not null)),
  constraint messages_call_comes_before check (
    call_position is null or (tool_call_id is not null and call_position < position)
  ),
  constraint messages_calls_of_an_assistant check (
    tool_calls is null or (role = 'assistant' and ai.is_tool_calls(tool_calls))
  )
);
comment on table ai.messages is
'Messages of conversations as they were said. Append-only; positions of a conversation run from 1 without a gap';
comment on column ai.messages.instance_id is 'Conversation';
comment on column ai.messages.position is 'Place in the conversation, from 1, in the order of commits';
comment on column ai.messages.message_id is 'Identity within the conversation, free text or a ULID: appended again, it is a duplicate';
comment on column ai.messages.agent_id is 'Agent that said it, free text; null is a person, or the agent of the conversation';
comment on column ai.messages.role is 'system, developer, user, assistant, or tool for the result of a tool call';
comment on column ai.messages.content is 'Text; empty for a message that only calls tools';
comment on column ai.messages.tool_calls is 'Tools that an assistant calls, in the messages format; null is none';
comment on column ai.messages.tool_call_id is 'Id of the tool call that a result answers; null for other messages';
comment on column ai.messages.call_position is
'Position of the message with that tool call; null when the conversation has none before the result';
comment on column ai.messages.is_error is 'The message reports a failure';
comment on column ai.messages.metadata is 'What nobody queries yet, an object; null is none';
comment on column ai.messages.token_count is 'Tokens, as given or estimated';
comment on column ai.messages.is_token_estimate is 'token_count is a quarter of the bytes of content and tool_calls, no count';
comment on column ai.messages.created_at is 'When it was appended';
comment on column ai.messages.recorded_epoch is 'Epoch of the cluster that stored it';
comment on column ai.messages.recorded_xid is 'Transaction that stored it; with the epoch, a horizon to read below';

create index messages_with_calls on ai.messages (instance_id, position) where tool_calls is not null;
-- As much of a text as a tsvector can always hold. ai.search_messages searches by the same expression.
create index messages_search on ai.messages using gin (to_tsvector('pg_catalog.english', left(content, 100000)));

create type ai.conversation_info as (
  instance_id text,
  title text,
  agent_id text,
  run_id text,
  project_id text,
  tags jsonb,
  metadata jsonb,
  message_count bigint,
  created_at timestamptz,
  updated_at timestamptz
);
comment on type ai.conversation_info is 'A conversation as functions return it';

create type ai.message_info as (
  instance_id text,
  position bigint,
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
  created_at timestamptz
);
comment on type ai.message_info is 'A message as functions return it';

-- Guards ------------------------------------------------------------------------------------------------------

create trigger conversations_immutable before update on ai.conversations
for each row when (
  (
    new.instance_id, new.title, new.agent_id, new.run_id, new.project_id, new.tags, new.metadata, new.created_at
  ) is distinct from (
    old.instance_id, old.title, old.agent_id, old.run_id, old.project_id, old.tags, old.metadata, old.created_at
  )
  or new.message_count < old.message_count
) execute function core.forbid_mutation();
create trigger conversations_keep before delete on ai.conversations
for each row execute function core.forbid_mutation();
create trigger conversations_keep_all before truncate on ai.conversations
for each statement execute function core.forbid_mutation();
alter table ai.conversations enable always trigger conversations_immutable;
alter table ai.conversations enable always trigger conversations_keep;
alter table ai.conversations enable always trigger conversations_keep_all;

create trigger messages_append_only before update or delete on ai.messages
for each row execute function core.forbid_mutation();
create trigger messages_keep_all before truncate on ai.messages
for each statement execute function core.forbid_mutation();
alter table ai.messages enable always trigger messages_append_only;
alter table ai.messages enable always trigger messages_keep_all;

-- Owners and rights -------------------------------------------------------------------------------------------

alter table ai.conversations owner to pylayer_owner;
alter table ai.messages owner to pylayer_owner;
alter type ai.conversation_info owner to pylayer_owner;
alter type ai.message_info owner to pylayer_owner;
alter function ai.is_tool_calls(jsonb) owner to pylayer_owner;
revoke all on function ai.is_tool_calls(jsonb) from public;
grant execute on function ai.is_tool_calls(jsonb) to pylayer_api;

grant select on ai.conversations, ai.messages to pylayer_api, pylayer_admin, pylayer_analyst, pylayer_auditor;
grant insert on ai.conversations, ai.messages to pylayer_api;
grant update (message_count, updated_at) on ai.conversations to pylayer_api;
