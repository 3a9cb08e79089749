comment on column ai.conversations.updated_at is 'When the last message was appended';
comment on table ai.conversations is
'Conversations. Only message_count and updated_at ever change, when messages are appended; never removed';

revoke update (title, agent_id, run_id, project_id, tags, metadata) on ai.conversations from pylayer_api;

drop trigger conversations_immutable on ai.conversations;
create trigger conversations_immutable before update on ai.conversations
for each row when (
  (
    new.instance_id, new.title, new.agent_id, new.run_id, new.project_id, new.tags, new.metadata, new.created_at
  ) is distinct from (
    old.instance_id, old.title, old.agent_id, old.run_id, old.project_id, old.tags, old.metadata, old.created_at
  )
  or new.message_count < old.message_count
) execute function core.forbid_mutation();
alter table ai.conversations enable always trigger conversations_immutable;
