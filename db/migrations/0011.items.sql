-- Work items: projects, the states of each type as data, a history that states follow, and what hangs on an item.

-- Who works ---------------------------------------------------------------------------------------------------

create table iam.users (
  user_id core.ulid primary key default core.new_ulid(),
  username text collate "C" not null unique check (username ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
  display_name text check (length(display_name) between 1 and 200),
  email text check (length(email) <= 320 and email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
  is_service_account boolean not null default false,
  github_login text check (length(github_login) between 1 and 100),
  github_node_id text unique check (length(github_node_id) between 1 and 200),
  preferences jsonb check (jsonb_typeof(preferences) = 'object'),
  metadata jsonb check (jsonb_typeof(metadata) = 'object'),
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  deleted_at timestamptz
);
comment on table iam.users is 'People and service accounts that work is assigned to';
comment on column iam.users.user_id is 'ULID';
comment on column iam.users.username is 'Short name, lower case';
comment on column iam.users.display_name is 'Name as people read it';
comment on column iam.users.email is 'Address; null is not known';
comment on column iam.users.is_service_account is 'A program, not a person';
comment on column iam.users.github_login is 'Login on GitHub';
comment on column iam.users.github_node_id is 'Node id on GitHub, which outlives a rename';
comment on column iam.users.preferences is 'What the user chose, an object';
comment on column iam.users.metadata is 'Whatever else, an object';
comment on column iam.users.created_at is 'When it was made';
comment on column iam.users.updated_at is 'Last change';
comment on column iam.users.deleted_at is 'Since when it counts as removed; null is not';

create unique index users_email on iam.users (lower(email)) where deleted_at is null;

create table ai.agent_definitions (
  definition_id core.ulid primary key default core.new_ulid(),
  name text collate "C" not null check (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$'),
  version integer not null default 1 check (version > 0),
  role text check (length(role) between 1 and 200),
  description text,
  provider text check (length(provider) between 1 and 100),
  model text check (length(model) between 1 and 200),
  system_prompt text,
  capabilities jsonb check (jsonb_typeof(capabilities) = 'array'),
  tools jsonb check (jsonb_typeof(tools) = 'array'),
  config jsonb check (jsonb_typeof(config) = 'object'),
  budget jsonb check (jsonb_typeof(budget) = 'object'),
  tags jsonb check (jsonb_typeof(tags) in ('object', 'array')),
  metadata jsonb check (jsonb_typeof(metadata) = 'object'),
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  unique (name, version)
);
comment on table ai.agent_definitions is 'Blueprints of agents, by name and version';
comment on column ai.agent_definitions.definition_id is 'ULID';
comment on column ai.agent_definitions.name is 'Name, such as reviewer';
comment on column ai.agent_definitions.version is 'Version of the blueprint, from 1';
comment on column ai.agent_definitions.role is 'Role that events name as agent_role';
comment on column ai.agent_definitions.description is 'What it is for';
comment on column ai.agent_definitions.provider is 'Who runs the model, such as openai';
comment on column ai.agent_definitions.model is 'Model, by the name of ai.models';
comment on column ai.agent_definitions.system_prompt is 'Prompt that each conversation begins with';
comment on column ai.agent_definitions.capabilities is 'What it can do, an array';
comment on column ai.agent_definitions.tools is 'Tools that it may use, an array';
comment on column ai.agent_definitions.config is 'Settings of the model and of the agent, an object';
comment on column ai.agent_definitions.budget is 'Limits that its agents begin with, an object';
comment on column ai.agent_definitions.tags is 'Object or array to search by containment';
comment on column ai.agent_definitions.metadata is 'Whatever else, an object';
comment on column ai.agent_definitions.created_at is 'When it was made';
comment on column ai.agent_definitions.updated_at is 'Last change';

create table ai.agents (
  agent_id text collate "C" primary key default core.new_ulid() check (agent_id ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$'),
  definition_id core.ulid references ai.agent_definitions,
  name text not null check (length(btrim(name)) between 1 and 200),
  status text not null default 'active' check (status in ('active', 'paused', 'retired')),
  project_id text check (length(project_id) between 1 and 200),
  config jsonb check (jsonb_typeof(config) = 'object'),
  budget jsonb check (jsonb_typeof(budget) = 'object'),
  budget_used_usd numeric not null default 0 check (budget_used_usd >= 0),
  executions bigint not null default 0 check (executions >= 0),
  successes bigint not null default 0 check (successes between 0 and executions),
  execution_ms_total bigint not null default 0 check (execution_ms_total >= 0),
  tokens_total bigint not null default 0 check (tokens_total >= 0),
  cost_usd_total numeric not null default 0 check (cost_usd_total >= 0),
  last_active_at timestamptz,
  tags jsonb check (jsonb_typeof(tags) in ('object', 'array')),
  metadata jsonb check (jsonb_typeof(metadata) = 'object'),
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  deleted_at timestamptz
) with (fillfactor = 85);  -- room for HOT updates of the counters
comment on table ai.agents is 'Agents that work is assigned to, with what they used';
comment on column ai.agents.agent_id is 'Id, such as reviewer-1; a ULID where none is given';
comment on column ai.agents.definition_id is 'Blueprint that it was made of; null is none';
comment on column ai.agents.name is 'Name as people read it';
comment on column ai.agents.status is 'active, paused (gets no work for now) or retired (for good)';
comment on column ai.agents.project_id is 'Project that it works for; null is any';
comment on column ai.agents.config is 'Settings that replace those of the definition, an object';
comment on column ai.agents.budget is 'Its limits, an object';
comment on column ai.agents.budget_used_usd is 'USD used of the budget of the current period';
comment on column ai.agents.executions is 'Executions, ever';
comment on column ai.agents.successes is 'Those of them that succeeded';
comment on column ai.agents.execution_ms_total is 'Milliseconds that they took';
comment on column ai.agents.tokens_total is 'Tokens that they used';
comment on column ai.agents.cost_usd_total is 'USD that they cost, as estimated';
comment on column ai.agents.last_active_at is 'When it last worked';
comment on column ai.agents.tags is 'Object or array to search by containment';
comment on column ai.agents.metadata is 'Whatever else, an object';
comment on column ai.agents.created_at is 'When it was made';
comment on column ai.agents.updated_at is 'Last change';
comment on column ai.agents.deleted_at is 'Since when it counts as removed; null is not';

create index agents_definition on ai.agents (definition_id) where definition_id is not null;

-- Projects ----------------------------------------------------------------------------------------------------

create table work.projects (
  project_id text collate "C" primary key
  check (length(project_id) between 1 and 200 and project_id !~ '[[:cntrl:]]' and project_id = btrim(project_id)),
  name text not null check (length(btrim(name)) between 1 and 200),
  description text,
  repository text check (length(repository) between 1 and 500),
  default_branch text not null default 'main' check (length(default_branch) between 1 and 255),
  tech_stack jsonb check (jsonb_typeof(tech_stack) in ('object', 'array')),
  pr_merge_rate numeric check (pr_merge_rate between 0 and 1),
  test_coverage numeric check (test_coverage between 0 and 1),
  tags jsonb check (jsonb_typeof(tags) in ('object', 'array')),
  metadata jsonb check (jsonb_typeof(metadata) = 'object'),
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  deleted_at timestamptz
);
comment on table work.projects is 'Projects: a repository, and what items, artifacts and events belong to';
comment on column work.projects.project_id is 'Id: a ULID or a name of the team''s own';
comment on column work.projects.name is 'Name as people read it';
comment on column work.projects.description is 'What it is about';
comment on column work.projects.repository is 'Repository, as owner/name or as a URL';
comment on column work.projects.default_branch is 'Branch that work starts from';
comment on column work.projects.tech_stack is 'Languages, frameworks and services, an object or array';
comment on column work.projects.pr_merge_rate is 'Share of pull requests that were merged, 0 to 1';
comment on column work.projects.test_coverage is 'Share of the code that tests run, 0 to 1';
comment on column work.projects.tags is 'Object or array to search by containment';
comment on column work.projects.metadata is 'Whatever else, an object';
comment on column work.projects.created_at is 'When it was made';
comment on column work.projects.updated_at is 'Last change';
comment on column work.projects.deleted_at is 'Since when it counts as removed; null is not';

-- The states of each type of item, as data --------------------------------------------------------------------

create table work.item_states (
  item_type text collate "C" not null check (item_type ~ '^[a-z][a-z0-9_]{0,62}$'),
  state text collate "C" not null check (state ~ '^[a-z][a-z0-9_]{0,62}$'),
  position integer not null,
  is_initial boolean not null default false,
  is_final boolean not null default false,
  is_agreed boolean not null default false,
  description text not null,
  primary key (item_type, state),
  unique (item_type, position)
);
comment on table work.item_states is 'States that an item of a type can be in. Rows are added, never changed or removed';
comment on column work.item_states.item_type is 'Type of item: story, bug, task, issue, pull_request, epic or another';
comment on column work.item_states.state is 'State';
comment on column work.item_states.position is 'Order in which people read the states';
comment on column work.item_states.is_initial is 'An item may begin in it; without a choice, in the first of these';
comment on column work.item_states.is_final is 'An item in it is closed';
comment on column work.item_states.is_agreed is
'What the item says counts as agreed: an edit of title or description stores workflow.story_changed';
comment on column work.item_states.description is 'What the state means, in words';

create table work.item_state_transitions (
  item_type text collate "C" not null,
  from_state text collate "C" not null,
  to_state text collate "C" not null,
  primary key (item_type, from_state, to_state),
  foreign key (item_type, from_state) references work.item_states,
  foreign key (item_type, to_state) references work.item_states,
  constraint item_state_transitions_moves check (from_state <> to_state)
);
comment on table work.item_state_transitions is
'Moves that an item of a type can make. A row that is added allows one from its commit on, one that is removed forbids it';
comment on column work.item_state_transitions.item_type is 'Type of item';
comment on column work.item_state_transitions.from_state is 'State that is left';
comment on column work.item_state_transitions.to_state is 'State that is entered';

-- Items -------------------------------------------------------------------------------------------------------

create table work.items (
  item_id text collate "C" primary key default core.new_ulid()
  check (length(item_id) between 1 and 200 and item_id !~ '[[:cntrl:]]' and item_id = btrim(item_id)),
  project_id text collate "C" references work.projects,
  item_type text collate "C" not null,
  title text not null check (length(btrim(title)) between 1 and 500),
  description text check (octet_length(description) <= 262144),
  priority integer not null default 2 check (priority between 0 and 4),
  state text collate "C" not null,
  state_seq integer not null default 1,
  state_since timestamptz not null default clock_timestamp(),
  closed_at timestamptz,
  version integer not null default 1 check (version > 0),
  assigned_user_id core.ulid references iam.users,
  assigned_agent_id text collate "C" references ai.agents,
  github_repository text check (length(github_repository) between 1 and 200),
  github_number integer check (github_number > 0),
  github_node_id text check (length(github_node_id) between 1 and 200),
  github_url text check (length(github_url) between 1 and 2000),
  ai_analysis jsonb check (jsonb_typeof(ai_analysis) = 'object'),
  ai_suggestions jsonb check (jsonb_typeof(ai_suggestions) in ('object', 'array')),
  tags jsonb check (jsonb_typeof(tags) in ('object', 'array')),
  metadata jsonb check (jsonb_typeof(metadata) = 'object'),
  created_by text not null default session_user check (length(created_by) between 1 and 200),
  run_id text check (length(run_id) between 1 and 500),
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  deleted_at timestamptz,
  constraint items_assigned_to_one check (num_nonnulls(assigned_user_id, assigned_agent_id) <= 1)
) with (fillfactor = 80);  -- room for HOT updates: a change of state changes no indexed column unless it closes the item
comment on table work.items is 'Work items. The state follows work.item_transitions; rows are never removed, only marked';
comment on column work.items.item_id is 'Id: a ULID or one of the team''s own, such as INFR-001; never changes';
comment on column work.items.project_id is 'Project; null is none';
comment on column work.items.item_type is 'Type, which decides the states; never changes';
comment on column work.items.title is 'Title';
comment on column work.items.description is 'Description, such as Markdown';
comment on column work.items.priority is '0 (drop everything) to 4 (some day)';
comment on column work.items.state is 'State: that of the latest row of work.item_transitions';
comment on column work.items.state_seq is 'Number of the latest row of work.item_transitions';
comment on column work.items.state_since is 'Since when it is in this state';
comment on column work.items.closed_at is 'Since when it is in a final state; null is open';
comment on column work.items.version is 'Counts edits and assignments, not changes of state';
comment on column work.items.assigned_user_id is 'User who works on it; never together with an agent';
comment on column work.items.assigned_agent_id is 'Agent that works on it; never together with a user';
comment on column work.items.github_repository is 'Repository on GitHub, as owner/name; null is that of the project';
comment on column work.items.github_number is 'Number of the issue or pull request';
comment on column work.items.github_node_id is 'Node id on GitHub';
comment on column work.items.github_url is 'Address on GitHub';
comment on column work.items.ai_analysis is 'What an agent found out about it, an object';
comment on column work.items.ai_suggestions is 'What an agent suggests, an object or array';
comment on column work.items.tags is 'Object or array to search by containment';
comment on column work.items.metadata is 'Whatever else, an object';
comment on column work.items.created_by is 'Who made it, in words; the login where nobody was named';
comment on column work.items.run_id is 'Workflow run that made it; null is none';
comment on column work.items.created_at is 'When it was made';
comment on column work.items.updated_at is 'Last edit or assignment';
comment on column work.items.deleted_at is 'Since when it counts as removed; null is not';

-- None names the state, so that a change of state touches no index.
create index items_created on work.items (created_at, item_id);
create index items_project on work.items (project_id, created_at, item_id) where project_id is not null;
create index items_open on work.items (project_id, created_at, item_id) where closed_at is null and deleted_at is null;
create index items_user on work.items (assigned_user_id, created_at, item_id) where assigned_user_id is not null;
create index items_agent on work.items (assigned_agent_id, created_at, item_id) where assigned_agent_id is not null;
create index items_tags on work.items using gin (tags jsonb_path_ops) where tags is not null;
create unique index items_github_number on work.items (github_repository, github_number) where github_number is not null;
create unique index items_github_node on work.items (github_node_id) where github_node_id is not null;

create table work.item_transitions (
  item_id text collate "C" not null references work.items,
  seq integer not null,
  from_state text collate "C",
  to_state text collate "C" not null,
  actor text not null default session_user check (length(actor) between 1 and 200),
  reason text check (length(reason) <= 2000),
  run_id text check (length(run_id) between 1 and 500),
  workflow_name text check (length(workflow_name) between 1 and 500),
  agent_role text check (length(agent_role) between 1 and 500),
  time_in_state_seconds double precision,
  occurred_at timestamptz not null default clock_timestamp(),
  primary key (item_id, seq),
  constraint item_transitions_first check ((seq = 1) = (from_state is null))
);
comment on table work.item_transitions is
'Changes of state, append-only: to insert a row is to change the state. The tables fill in what the row leaves out';
comment on column work.item_transitions.item_id is 'Item';
comment on column work.item_transitions.seq is 'From 1, the creation, without a gap';
comment on column work.item_transitions.from_state is 'State that was left; null at creation. Given on insert, it is the state that the writer expects';
comment on column work.item_transitions.to_state is 'State that was entered';
comment on column work.item_transitions.actor is 'Who did it, in words; the login where nobody was named';
comment on column work.item_transitions.reason is 'Why';
comment on column work.item_transitions.run_id is 'Workflow run that did it';
comment on column work.item_transitions.workflow_name is 'Workflow that did it';
comment on column work.item_transitions.agent_role is 'Role of the agent that did it';
comment on column work.item_transitions.time_in_state_seconds is 'Time spent in from_state, seconds; null at creation';
comment on column work.item_transitions.occurred_at is 'When; within an item never before the row before';

-- What hangs on an item ---------------------------------------------------------------------------------------

create table work.item_dependencies (
  item_id text collate "C" not null references work.items,
  depends_on_item_id text collate "C" not null references work.items,
  created_by text not null default session_user check (length(created_by) between 1 and 200),
  created_at timestamptz not null default clock_timestamp(),
  primary key (item_id, depends_on_item_id)
);
comment on table work.item_dependencies is 'Which item waits for which; never a cycle. An epic depends on its stories';
comment on column work.item_dependencies.item_id is 'Item that waits';
comment on column work.item_dependencies.depends_on_item_id is 'Item that must be done first';
comment on column work.item_dependencies.created_by is 'Who said so; the login where nobody was named';
comment on column work.item_dependencies.created_at is 'When';

create index item_dependencies_depends_on on work.item_dependencies (depends_on_item_id);

create table work.decisions (
  decision_id core.ulid primary key default core.new_ulid(),
  project_id text collate "C" references work.projects,
  item_id text collate "C" references work.items,
  title text not null check (length(btrim(title)) between 1 and 500),
  decision text not null check (octet_length(decision) between 1 and 262144),
  rationale text check (octet_length(rationale) <= 262144),
  alternatives jsonb check (jsonb_typeof(alternatives) = 'array'),
  supersedes_id core.ulid unique references work.decisions,
  decided_by text not null default session_user check (length(decided_by) between 1 and 200),
  run_id text check (length(run_id) between 1 and 500),
  decided_at timestamptz not null default clock_timestamp(),
  constraint decisions_supersede_another check (supersedes_id <> decision_id)
);
comment on table work.decisions is 'Decisions, append-only: a new one supersedes an old one, which stays';
comment on column work.decisions.decision_id is 'ULID';
comment on column work.decisions.project_id is 'Project that it is about; null is none';
comment on column work.decisions.item_id is 'Item that it is about; null is none';
comment on column work.decisions.title is 'The question, in words';
comment on column work.decisions.decision is 'What was decided';
comment on column work.decisions.rationale is 'Why';
comment on column work.decisions.alternatives is 'What was not chosen, an array';
comment on column work.decisions.supersedes_id is 'Decision that no longer holds; each is superseded once at most';
comment on column work.decisions.decided_by is 'Who decided; the login where nobody was named';
comment on column work.decisions.run_id is 'Workflow run in which it was decided';
comment on column work.decisions.decided_at is 'When';

create index decisions_item on work.decisions (item_id, decided_at, decision_id) where item_id is not null;
create index decisions_project on work.decisions (project_id, decided_at, decision_id) where project_id is not null;

create table work.comments (
  comment_id core.ulid primary key default core.new_ulid(),
  item_id text collate "C" not null references work.items,
  body text not null check (octet_length(body) between 1 and 262144),
  author text not null default session_user check (length(author) between 1 and 200),
  is_ai boolean not null default false,
  author_user_id core.ulid references iam.users,
  author_agent_id text collate "C" references ai.agents,
  github_node_id text unique check (length(github_node_id) between 1 and 200),
  metadata jsonb check (jsonb_typeof(metadata) = 'object'),
  created_at timestamptz not null default clock_timestamp(),
  deleted_at timestamptz,
  constraint comments_author_is_human_or_ai check (case when is_ai then author_user_id else author_agent_id end is null)
);
comment on table work.comments is 'Comments on items. Never changed or removed, only marked as removed';
comment on column work.comments.comment_id is 'ULID';
comment on column work.comments.item_id is 'Item';
comment on column work.comments.body is 'Text, such as Markdown';
comment on column work.comments.author is 'Who wrote it, in words; the login where nobody was named';
comment on column work.comments.is_ai is 'An AI wrote it';
comment on column work.comments.author_user_id is 'The user who wrote it, where known';
comment on column work.comments.author_agent_id is 'The agent that wrote it, where known';
comment on column work.comments.github_node_id is 'Node id on GitHub';
comment on column work.comments.metadata is 'Whatever else, an object';
comment on column work.comments.created_at is 'When it was written';
comment on column work.comments.deleted_at is 'Since when it counts as removed; null is not';

create index comments_item on work.comments (item_id, created_at, comment_id);

create table work.attachments (
  item_id text collate "C" not null references work.items,
  artifact_id core.ulid not null,
  version integer not null,
  label text check (length(label) between 1 and 200),
  attached_by text not null default session_user check (length(attached_by) between 1 and 200),
  created_at timestamptz not null default clock_timestamp(),
  primary key (item_id, artifact_id, version),
  foreign key (artifact_id, version) references work.artifact_versions
);
comment on table work.attachments is 'Versions of artifacts that belong to items, append-only; the bytes stay where the version has them';
comment on column work.attachments.item_id is 'Item';
comment on column work.attachments.artifact_id is 'Artifact';
comment on column work.attachments.version is 'Version of the artifact';
comment on column work.attachments.label is 'What it is for, in words';
comment on column work.attachments.attached_by is 'Who attached it; the login where nobody was named';
comment on column work.attachments.created_at is 'When';

create index attachments_artifact on work.attachments (artifact_id, version);

create table work.item_texts (
  item_id text collate "C" not null references work.items,
  comment_id core.ulid references work.comments,
  document tsvector not null,
  unique nulls not distinct (item_id, comment_id)
);
comment on table work.item_texts is 'What full-text search reads: a row for title and description of an item, one for each comment';
comment on column work.item_texts.item_id is 'Item';
comment on column work.item_texts.comment_id is 'Comment; null is title and description';
comment on column work.item_texts.document is 'Words by the rules of English; title A, description B, comment C';

create index item_texts_document on work.item_texts using gin (document);

-- What the functions return -----------------------------------------------------------------------------------

create type work.project_info as (
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
  created_at timestamptz,
  updated_at timestamptz
);
comment on type work.project_info is 'A project as functions return it';

create type work.item_info as (
  item_id text,
  project_id text,
  item_type text,
  title text,
  description text,
  priority integer,
  state text,
  state_seq integer,
  state_since timestamptz,
  closed_at timestamptz,
  version integer,
  assigned_user_id text,
  assigned_agent_id text,
  depends_on text array,
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
  created_at timestamptz,
  updated_at timestamptz
);
comment on type work.item_info is 'An item as functions return it, with the ids of what it waits for';

create type work.transition_info as (
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
  occurred_at timestamptz
);
comment on type work.transition_info is 'A change of state as functions return it';

create type work.decision_info as (
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
  decided_at timestamptz
);
comment on type work.decision_info is 'A decision as functions return it; superseded_by_id: the one that holds instead, null when it holds';

create type work.comment_info as (
  comment_id text,
  item_id text,
  body text,
  author text,
  is_ai boolean,
  author_user_id text,
  author_agent_id text,
  github_node_id text,
  metadata jsonb,
  created_at timestamptz
);
comment on type work.comment_info is 'A comment as functions return it';

create type work.attachment_info as (
  item_id text,
  artifact_id text,
  version integer,
  label text,
  attached_by text,
  created_at timestamptz
);
comment on type work.attachment_info is 'An attachment as functions return it';

-- Guards ------------------------------------------------------------------------------------------------------

create function work.guard_new_item() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
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
comment on function work.guard_new_item() is
'Trigger function: an item begins in an initial state of its type. Errors: PT409 illegal_initial_state';

-- Runs only when one of these columns changes.
create function work.guard_item() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
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
comment on function work.guard_item() is
'Trigger function: what an item is never changes, and its state only by its history. Errors: PT403 immutable_item, state_follows_history';

-- Fills in what a new row of the history leaves out, under the item's row lock: so its numbers have no gap.
create function work.guard_item_transition() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
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
comment on function work.guard_item_transition() is
'Trigger function: checks and completes a change of state. Errors: PT404 no_item, PT409 stale_state, illegal_transition';

create function work.guard_item_dependency() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
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
comment on function work.guard_item_dependency() is
'Trigger function: no item waits for itself, however many others stand between. Errors: PT400 isolation_level, PT409 dependency_cycle';

-- Guards that decide about rows that are there hold for replicas too; those of new rows only where rows are made.
create trigger items_begin before insert on work.items
for each row execute function work.guard_new_item();
create trigger items_guard before update on work.items
for each row when (
  (
    new.item_id, new.item_type, new.created_by, new.run_id, new.created_at, new.state, new.state_seq, new.state_since,
    new.closed_at
  ) is distinct from (
    old.item_id, old.item_type, old.created_by, old.run_id, old.created_at, old.state, old.state_seq, old.state_since,
    old.closed_at
  )
) execute function work.guard_item();
create trigger items_keep before delete on work.items
for each row execute function core.forbid_mutation();
create trigger items_keep_all before truncate on work.items
for each statement execute function core.forbid_mutation();
alter table work.items enable always trigger items_guard;
alter table work.items enable always trigger items_keep;
alter table work.items enable always trigger items_keep_all;

create trigger item_transitions_guard before insert on work.item_transitions
for each row execute function work.guard_item_transition();
create trigger item_transitions_immutable before update or delete on work.item_transitions
for each row execute function core.forbid_mutation();
create trigger item_transitions_keep_all before truncate on work.item_transitions
for each statement execute function core.forbid_mutation();
alter table work.item_transitions enable always trigger item_transitions_immutable;
alter table work.item_transitions enable always trigger item_transitions_keep_all;

create trigger item_states_immutable before update or delete on work.item_states
for each row execute function core.forbid_mutation();
create trigger item_states_keep_all before truncate on work.item_states
for each statement execute function core.forbid_mutation();
alter table work.item_states enable always trigger item_states_immutable;
alter table work.item_states enable always trigger item_states_keep_all;

create trigger item_dependencies_guard before insert on work.item_dependencies
for each row execute function work.guard_item_dependency();
create trigger item_dependencies_immutable before update on work.item_dependencies
for each row execute function core.forbid_mutation();
alter table work.item_dependencies enable always trigger item_dependencies_immutable;

create trigger decisions_immutable before update or delete on work.decisions
for each row execute function core.forbid_mutation();
create trigger decisions_keep_all before truncate on work.decisions
for each statement execute function core.forbid_mutation();
alter table work.decisions enable always trigger decisions_immutable;
alter table work.decisions enable always trigger decisions_keep_all;

create trigger comments_immutable before update on work.comments
for each row when (
  old.deleted_at is not null
  or (
    new.comment_id, new.item_id, new.body, new.author, new.is_ai, new.author_user_id, new.author_agent_id,
    new.github_node_id, new.metadata::text, new.created_at
  ) is distinct from (
    old.comment_id, old.item_id, old.body, old.author, old.is_ai, old.author_user_id, old.author_agent_id,
    old.github_node_id, old.metadata::text, old.created_at
  )
) execute function core.forbid_mutation();
create trigger comments_keep before delete on work.comments
for each row execute function core.forbid_mutation();
create trigger comments_keep_all before truncate on work.comments
for each statement execute function core.forbid_mutation();
alter table work.comments enable always trigger comments_immutable;
alter table work.comments enable always trigger comments_keep;
alter table work.comments enable always trigger comments_keep_all;

create trigger attachments_immutable before update or delete on work.attachments
for each row execute function core.forbid_mutation();
create trigger attachments_keep_all before truncate on work.attachments
for each statement execute function core.forbid_mutation();
alter table work.attachments enable always trigger attachments_immutable;
alter table work.attachments enable always trigger attachments_keep_all;

create trigger projects_keep before delete on work.projects
for each row execute function core.forbid_mutation();
create trigger projects_keep_all before truncate on work.projects
for each statement execute function core.forbid_mutation();
alter table work.projects enable always trigger projects_keep;
alter table work.projects enable always trigger projects_keep_all;

-- Owners and rights -------------------------------------------------------------------------------------------

alter table iam.users owner to pylayer_owner;
alter table ai.agent_definitions owner to pylayer_owner;
alter table ai.agents owner to pylayer_owner;
alter table work.projects owner to pylayer_owner;
alter table work.item_states owner to pylayer_owner;
alter table work.item_state_transitions owner to pylayer_owner;
alter table work.items owner to pylayer_owner;
alter table work.item_transitions owner to pylayer_owner;
alter table work.item_dependencies owner to pylayer_owner;
alter table work.decisions owner to pylayer_owner;
alter table work.comments owner to pylayer_owner;
alter table work.attachments owner to pylayer_owner;
alter table work.item_texts owner to pylayer_owner;
alter type work.project_info owner to pylayer_owner;
alter type work.item_info owner to pylayer_owner;
alter type work.transition_info owner to pylayer_owner;
alter type work.decision_info owner to pylayer_owner;
alter type work.comment_info owner to pylayer_owner;
alter type work.attachment_info owner to pylayer_owner;
alter function work.guard_new_item() owner to pylayer_owner;
alter function work.guard_item() owner to pylayer_owner;
alter function work.guard_item_transition() owner to pylayer_owner;
alter function work.guard_item_dependency() owner to pylayer_owner;

revoke all on function work.guard_new_item(), work.guard_item(), work.guard_item_transition(), work.guard_item_dependency()
from public;

grant select on iam.users, ai.agent_definitions, ai.agents, work.projects, work.item_states, work.item_state_transitions,
work.items, work.item_transitions, work.item_dependencies, work.decisions, work.comments, work.attachments, work.item_texts
to pylayer_api, pylayer_admin, pylayer_analyst, pylayer_auditor;
grant insert on iam.users, ai.agent_definitions, ai.agents, work.projects, work.items, work.item_transitions,
work.item_dependencies, work.decisions, work.comments, work.attachments, work.item_texts
to pylayer_api;
grant update on iam.users, ai.agent_definitions, ai.agents, work.projects, work.items, work.item_texts to pylayer_api;
grant update (deleted_at) on work.comments to pylayer_api;
grant delete on work.item_dependencies, work.item_texts to pylayer_api;
grant insert, update on iam.users, ai.agent_definitions, ai.agents to pylayer_admin;
grant insert on work.item_states, work.item_state_transitions to pylayer_admin;
grant delete on work.item_state_transitions to pylayer_admin;

-- The states that there are from the start --------------------------------------------------------------------

insert into work.item_states (item_type, state, position, is_initial, is_final, description)
select
  t.item_type,
  s.state,
  s.position,
  s.state = 'backlog',
  s.state in ('done', 'cancelled'),
  s.description
from unnest(array['bug', 'task', 'issue', 'epic']) as t (item_type)
cross join (
  values
  ('backlog', 1, 'Known, not yet chosen'),
  ('ready', 2, 'Can be begun'),
  ('in_progress', 3, 'Somebody works on it'),
  ('blocked', 4, 'Waits for something else'),
  ('in_review', 5, 'The work is being reviewed'),
  ('in_qa', 6, 'The work is being tested'),
  ('done', 7, 'Finished'),
  ('cancelled', 8, 'Will not be done')
) as s (state, position, description);

insert into work.item_state_transitions (item_type, from_state, to_state)
select
  t.item_type,
  m.from_state,
  m.to_state
from unnest(array['bug', 'task', 'issue', 'epic']) as t (item_type)
cross join (
  values
  ('backlog', 'ready'), ('backlog', 'in_progress'), ('backlog', 'blocked'), ('backlog', 'cancelled'),
  ('ready', 'backlog'), ('ready', 'in_progress'), ('ready', 'blocked'), ('ready', 'cancelled'),
  ('in_progress', 'ready'), ('in_progress', 'blocked'), ('in_progress', 'in_review'), ('in_progress', 'in_qa'),
  ('in_progress', 'done'), ('in_progress', 'cancelled'),
  ('blocked', 'backlog'), ('blocked', 'ready'), ('blocked', 'in_progress'), ('blocked', 'in_review'), ('blocked', 'in_qa'),
  ('blocked', 'cancelled'),
  ('in_review', 'in_progress'), ('in_review', 'blocked'), ('in_review', 'in_qa'), ('in_review', 'done'),
  ('in_review', 'cancelled'),
  ('in_qa', 'in_progress'), ('in_qa', 'blocked'), ('in_qa', 'in_review'), ('in_qa', 'done'), ('in_qa', 'cancelled'),
  ('done', 'in_progress'), ('cancelled', 'backlog')
) as m (from_state, to_state);

insert into work.item_states (item_type, state, position, is_initial, is_final, is_agreed, description)
values
('story', 'backlog', 1, true, false, false, 'Known, not yet chosen'),
('story', 'refining', 2, false, false, false, 'Its scope and criteria are being written'),
('story', 'ready', 3, false, false, true, 'What it says is agreed; work can begin'),
('story', 'in_progress', 4, false, false, true, 'Somebody works on it'),
('story', 'blocked', 5, false, false, true, 'Waits for something else'),
('story', 'in_review', 6, false, false, true, 'The work is being reviewed'),
('story', 'in_qa', 7, false, false, true, 'The work is being tested'),
('story', 'done', 8, false, true, true, 'Accepted'),
('story', 'cancelled', 9, false, true, false, 'Will not be done'),
('pull_request', 'draft', 1, true, false, false, 'Not yet for review'),
('pull_request', 'open', 2, true, false, false, 'Waits for a review'),
('pull_request', 'changes_requested', 3, false, false, false, 'A review asked for changes'),
('pull_request', 'approved', 4, false, false, false, 'A review approved it'),
('pull_request', 'merged', 5, false, true, false, 'Merged'),
('pull_request', 'abandoned', 6, false, true, false, 'Closed without a merge');

insert into work.item_state_transitions (item_type, from_state, to_state)
values
('story', 'backlog', 'refining'), ('story', 'backlog', 'cancelled'),
('story', 'refining', 'backlog'), ('story', 'refining', 'ready'), ('story', 'refining', 'cancelled'),
('story', 'ready', 'refining'), ('story', 'ready', 'backlog'), ('story', 'ready', 'in_progress'),
('story', 'ready', 'blocked'), ('story', 'ready', 'cancelled'),
('story', 'in_progress', 'refining'), ('story', 'in_progress', 'ready'), ('story', 'in_progress', 'blocked'),
('story', 'in_progress', 'in_review'), ('story', 'in_progress', 'cancelled'),
('story', 'blocked', 'refining'), ('story', 'blocked', 'ready'), ('story', 'blocked', 'in_progress'),
('story', 'blocked', 'in_review'), ('story', 'blocked', 'in_qa'), ('story', 'blocked', 'cancelled'),
('story', 'in_review', 'in_progress'), ('story', 'in_review', 'blocked'), ('story', 'in_review', 'in_qa'),
('story', 'in_review', 'cancelled'),
('story', 'in_qa', 'in_progress'), ('story', 'in_qa', 'blocked'), ('story', 'in_qa', 'in_review'),
('story', 'in_qa', 'done'), ('story', 'in_qa', 'cancelled'),
('story', 'done', 'in_progress'), ('story', 'cancelled', 'backlog'),
('pull_request', 'draft', 'open'), ('pull_request', 'draft', 'abandoned'),
('pull_request', 'open', 'draft'), ('pull_request', 'open', 'changes_requested'), ('pull_request', 'open', 'approved'),
('pull_request', 'open', 'merged'), ('pull_request', 'open', 'abandoned'),
('pull_request', 'changes_requested', 'draft'), ('pull_request', 'changes_requested', 'open'),
('pull_request', 'changes_requested', 'approved'), ('pull_request', 'changes_requested', 'abandoned'),
('pull_request', 'approved', 'open'), ('pull_request', 'approved', 'changes_requested'),
('pull_request', 'approved', 'merged'), ('pull_request', 'approved', 'abandoned'),
('pull_request', 'abandoned', 'open');
