select no_plan();

set local role pylayer_agent;
select ai.save_conversation('c', '{"title": "Title", "agent_id": "a", "run_id": "r", "project_id": "p", "tags": {"t": 1}, "metadata": {"m": 1}}');
select ai.append_message('c', 'user', 'Hello');
select is((select row(c.*)::text from (
  select instance_id, title, agent_id, run_id, project_id, tags, metadata, message_count from ai.get_conversation('c')) as c),
  '(c,Title,a,r,p,"{""t"": 1}","{""m"": 1}",1)', 'what was said of it');
select is((select updated_at > created_at from ai.get_conversation('c')), true, 'when it last grew');
select is(tap.outcome($$select ai.get_conversation('other')$$), 'PT404 no_conversation', 'unknown');
select is(tap.outcome($$select ai.get_conversation(null)$$), 'PT404 no_conversation', 'null');
set local role pylayer_analyst;
select is((select instance_id from ai.get_conversation('c')), 'c', 'an analyst reads');

select * from finish();
