-- People and agents through functions: definitions of agents as versions that stay. Comments that are edited, with what they
-- said before; artifacts that are detached.

-- People and agents -------------------------------------------------------------------------------------------

create type iam.user_info as (
  user_id text,
  username text,
  display_name text,
  email text,
  is_service_account boolean,
  github_login text,
  github_node_id text,
  preferences jsonb,
  metadata jsonb,
  created_at timestamptz,
  updated_at timestamptz
);
comment on type iam.user_info is 'A user as functions return it';

create type ai.agent_definition_info as (
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
  created_at timestamptz
);
comment on type ai.agent_definition_info is 'A version of a definition of agents as functions return it';

create type ai.agent_info as (
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
  last_active_at timestamptz,
  tags jsonb,
  metadata jsonb,
  created_at timestamptz,
  updated_at timestamptz
);
comment on type ai.agent_info is 'An agent as functions return it, with what it used';

comment on table ai.agent_definitions is
'Blueprints of agents, by name and version. Append-only: what an agent was made of stays known; a change is another version';
comment on column ai.agent_definitions.updated_at is 'When it was made: a version never changes';

create trigger agent_definitions_immutable before update or delete on ai.agent_definitions
for each row execute function core.forbid_mutation();
create trigger agent_definitions_keep_all before truncate on ai.agent_definitions
for each statement execute function core.forbid_mutation();
alter table ai.agent_definitions enable always trigger agent_definitions_immutable;
alter table ai.agent_definitions enable always trigger agent_definitions_keep_all;
revoke update on ai.agent_definitions from pylayer_api, pylayer_admin;

alter type iam.user_info owner to pylayer_owner;
alter type ai.agent_definition_info owner to pylayer_owner;
alter type ai.agent_info owner to pylayer_owner;

-- Comments that are edited ------------------------------------------------------------------------------------

alter table work.comments
add column edited_at timestamptz,
add column edited_by text check (length(edited_by) between 1 and 200);
comment on table work.comments is
'Comments on items. An edit keeps what was said before in work.comment_revisions; never removed, only marked as removed';
comment on column work.comments.edited_at is 'When it was last edited; null is never';
comment on column work.comments.edited_by is 'Who last edited it, in words';

alter type work.comment_info add attribute edited_at timestamptz;
alter type work.comment_info add attribute edited_by text;

create table work.comment_revisions (
  comment_id core.ulid not null references work.comments,
  revision integer not null check (revision > 0),
  body text not null,
  written_by text not null,
  written_at timestamptz not null,
  primary key (comment_id, revision)
);
comment on table work.comment_revisions is 'What edited comments said before, append-only';
comment on column work.comment_revisions.comment_id is 'Comment';
comment on column work.comment_revisions.revision is 'From 1, what it first said, without a gap';
comment on column work.comment_revisions.body is 'What it said';
comment on column work.comment_revisions.written_by is 'Who had written that, in words';
comment on column work.comment_revisions.written_at is 'When that had been written';
alter table work.comment_revisions owner to pylayer_owner;

-- Whoever edits, by whatever statement: what was said stays, and the row says that it was edited.
create function work.keep_comment_revision() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
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
comment on function work.keep_comment_revision() is 'Trigger function: an edited comment keeps what it said before';
alter function work.keep_comment_revision() owner to pylayer_owner;
revoke all on function work.keep_comment_revision() from public;

drop trigger comments_immutable on work.comments;
create trigger comments_immutable before update on work.comments
for each row when (
  old.deleted_at is not null
  or (
    new.comment_id, new.item_id, new.author, new.is_ai, new.author_user_id, new.author_agent_id, new.github_node_id,
    new.metadata::text, new.created_at
  ) is distinct from (
    old.comment_id, old.item_id, old.author, old.is_ai, old.author_user_id, old.author_agent_id, old.github_node_id,
    old.metadata::text, old.created_at
  )
  or (new.body = old.body and (new.edited_at, new.edited_by) is distinct from (old.edited_at, old.edited_by))
) execute function core.forbid_mutation();
create trigger comments_revise before update on work.comments
for each row when (new.body <> old.body) execute function work.keep_comment_revision();
alter table work.comments enable always trigger comments_immutable;
alter table work.comments enable always trigger comments_revise;

create trigger comment_revisions_immutable before update or delete on work.comment_revisions
for each row execute function core.forbid_mutation();
create trigger comment_revisions_keep_all before truncate on work.comment_revisions
for each statement execute function core.forbid_mutation();
alter table work.comment_revisions enable always trigger comment_revisions_immutable;
alter table work.comment_revisions enable always trigger comment_revisions_keep_all;

grant select on work.comment_revisions to pylayer_api, pylayer_admin, pylayer_analyst, pylayer_auditor;
grant insert on work.comment_revisions to pylayer_api;
grant update (body, edited_by) on work.comments to pylayer_api;

-- Artifacts that are detached ---------------------------------------------------------------------------------

alter table work.attachments add column detached_at timestamptz;
comment on table work.attachments is
'Versions of artifacts that belong to items; the bytes stay where the version has them. Never removed, only marked as detached';
comment on column work.attachments.detached_at is 'Since when it counts as detached; null is attached';

drop trigger attachments_immutable on work.attachments;
create trigger attachments_immutable before update on work.attachments
for each row when (
  (new.item_id, new.artifact_id, new.version, new.label, new.attached_by, new.created_at)
  is distinct from (old.item_id, old.artifact_id, old.version, old.label, old.attached_by, old.created_at)
) execute function core.forbid_mutation();
create trigger attachments_keep before delete on work.attachments
for each row execute function core.forbid_mutation();
alter table work.attachments enable always trigger attachments_immutable;
alter table work.attachments enable always trigger attachments_keep;
grant update (detached_at) on work.attachments to pylayer_api;

-- Decisions ---------------------------------------------------------------------------------------------------

-- One that is there already: rows of one statement could else supersede each other.
create function work.guard_decision() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from work.decisions as d where d.decision_id = new.supersedes_id) then
    raise exception using
      errcode = 'PT404', message = 'there is no such decision', constraint = 'no_decision',
      detail = left(new.supersedes_id, 64), hint = 'work.list_decisions shows those that exist';
  end if;
  return new;
end
$$;
comment on function work.guard_decision() is
'Trigger function: a decision supersedes one that is there already, so never in a circle. Errors: PT404 no_decision';
alter function work.guard_decision() owner to pylayer_owner;
revoke all on function work.guard_decision() from public;
create trigger decisions_begin before insert on work.decisions
for each row when (new.supersedes_id is not null) execute function work.guard_decision();
