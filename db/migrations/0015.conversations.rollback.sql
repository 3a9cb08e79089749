drop type ai.message_info;
drop type ai.conversation_info;
drop table ai.messages;
drop table ai.conversations;
drop function ai.is_tool_calls(jsonb);
