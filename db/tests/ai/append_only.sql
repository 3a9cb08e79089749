select no_plan();

select ai.set_model_price('m', 'p', 2, 8, '2026-01-01 00:00:00+00', 0.5);
select ai.save_conversation('c');
select ai.append_message('c', 'user', 'Hello');
create temporary table attempt (statement text);
insert into attempt values
  ('update ai.models set input_usd_per_mtok = 0'),
  ('update ai.models set valid_from = now()'),
  ('update ai.models set model = model'),
  ('delete from ai.models'),
  ('truncate ai.models'),
  ('update ai.messages set content = content'),
  ('update ai.messages set position = 2'),
  ('delete from ai.messages'),
  ('truncate ai.messages'),
  ('update ai.conversations set instance_id = ''x'''),
  ('update ai.conversations set created_at = now()'),
  ('delete from ai.conversations'),
  ('truncate ai.conversations cascade');
grant select on attempt to public;
create function pg_temp.outcomes() returns table (statement text, outcome text) language sql volatile as $$
  select a.statement, tap.outcome(a.statement) from attempt as a
$$;

select is_empty($$select * from pg_temp.outcomes() where outcome <> 'PT403 append_only'$$, 'a superuser');
set local role pylayer_owner;
select is_empty($$select * from pg_temp.outcomes() where outcome <> 'PT403 append_only'$$, 'the owner');
reset role;
set local session_replication_role = replica;
select is_empty($$select * from pg_temp.outcomes() where outcome <> 'PT403 append_only'$$, 'a superuser as replica');
set local session_replication_role = origin;
set local role pylayer_admin;
select is_empty($$select * from pg_temp.outcomes() where outcome <> '42501'$$, 'an admin');
set local role pylayer_agent;
select is_empty($$select * from pg_temp.outcomes() where outcome <> '42501'$$, 'an agent');
set local role pylayer_api;
select is_empty($$select * from pg_temp.outcomes() where outcome <> '42501'$$, 'the functions');
reset role;
select is(tap.outcome('update ai.conversations set message_count = 0'), 'PT403 append_only', 'a position is given out once');

-- What no function lets in, the table does not either.
select is(
  tap.outcome(format(
    'insert into ai.models (model, valid_from, provider, input_usd_per_mtok, cached_input_usd_per_mtok, output_usd_per_mtok) values (%s)',
    v.row
  )),
  '23514 ' || v.reason, v.reason
)
from (values
  ($$'a b', now(), 'p', 1, 1, 1$$, 'models_model_check'),
  ($$'m', 'infinity', 'p', 1, 1, 1$$, 'models_valid_from_check'),
  ($$'m', now(), 'P', 1, 1, 1$$, 'models_provider_check'),
  ($$'m', now(), 'p', 'NaN', 1, 1$$, 'models_input_usd_per_mtok_check'),
  ($$'m', now(), 'p', 1, -1, 1$$, 'models_cached_input_usd_per_mtok_check'),
  ($$'m', now(), 'p', 1, 1, 0.0000001$$, 'models_output_usd_per_mtok_check')
) as v (row, reason);

select is(
  tap.outcome(format(
    'insert into ai.messages (instance_id, position, message_id, role, content, tool_calls, tool_call_id, call_position, token_count, '
    'is_token_estimate, recorded_epoch, recorded_xid) values (%s, 0, false, 1, 1)', v.row
  )),
  v.outcome, v.row
)
from (values
  ($$'c', 1, 'x', 'user', '', null, null, null$$, '23505 messages_pkey'),
  ($$'c', 0, 'x', 'user', '', null, null, null$$, '23514 messages_position_check'),
  ($$'c', 2, '', 'user', '', null, null, null$$, '23514 messages_message_id_check'),
  ($$'c', 2, 'x', 'robot', '', null, null, null$$, '23514 messages_role_check'),
  ($$'c', 2, 'x', 'assistant', '', '[{}]', null, null$$, '23514 messages_calls_of_an_assistant'),
  ($$'c', 2, 'x', 'user', '', null, 't', null$$, '23514 messages_result_names_its_call'),
  ($$'c', 2, 'x', 'tool', '', null, null, null$$, '23514 messages_result_names_its_call'),
  ($$'c', 2, 'x', 'tool', '', null, 't', 2$$, '23514 messages_call_comes_before'),
  ($$'c', 2, 'x', 'user', '', null, null, 1$$, '23514 messages_call_comes_before'),
  ($$'d', 1, 'x', 'user', '', null, null, null$$, '23503 messages_instance_id_fkey')
) as v (row, outcome);

select * from finish();
