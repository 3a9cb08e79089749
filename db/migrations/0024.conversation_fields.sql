-- What is said of a conversation (title, agent, run, project, tags, metadata) may change: titles are found when it has begun.
-- Its id, its time and what was said in it may not.

set lock_timeout = '5s';

drop trigger conversations_immutable on ai.conversations;
create trigger conversations_immutable before update on ai.conversations
for each row when (
  (new.instance_id, new.created_at) is distinct from (old.instance_id, old.created_at)
  or new.message_count < old.message_count
) execute function core.forbid_mutation();
alter table ai.conversations enable always trigger conversations_immutable;

grant update (title, agent_id, run_id, project_id, tags, metadata) on ai.conversations to pylayer_api;

comment on table ai.conversations is
'Conversations. What is said of one may change, its id, time and messages may not, and it is never removed';
comment on column ai.conversations.updated_at is 'When a message was appended or a field changed last';
