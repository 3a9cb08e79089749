drop trigger decisions_begin on work.decisions;
drop function work.guard_decision();

revoke update (detached_at) on work.attachments from pylayer_api;
drop trigger attachments_keep on work.attachments;
drop trigger attachments_immutable on work.attachments;
alter table work.attachments drop column detached_at;
create trigger attachments_immutable before update or delete on work.attachments
for each row execute function core.forbid_mutation();
alter table work.attachments enable always trigger attachments_immutable;
comment on table work.attachments is 'Versions of artifacts that belong to items, append-only; the bytes stay where the version has them';

drop trigger comments_revise on work.comments;
drop trigger comments_immutable on work.comments;
drop table work.comment_revisions;
drop function work.keep_comment_revision();
alter type work.comment_info drop attribute edited_by;
alter type work.comment_info drop attribute edited_at;
revoke update (body, edited_by) on work.comments from pylayer_api;
alter table work.comments drop column edited_by;
alter table work.comments drop column edited_at;
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
alter table work.comments enable always trigger comments_immutable;
comment on table work.comments is 'Comments on items. Never changed or removed, only marked as removed';

grant update on ai.agent_definitions to pylayer_api, pylayer_admin;
drop trigger agent_definitions_keep_all on ai.agent_definitions;
drop trigger agent_definitions_immutable on ai.agent_definitions;
comment on table ai.agent_definitions is 'Blueprints of agents, by name and version';
comment on column ai.agent_definitions.updated_at is 'Last change';
drop type ai.agent_info;
drop type ai.agent_definition_info;
drop type iam.user_info;
