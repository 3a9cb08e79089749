-- A checked batch of messages as rows, with its defaults filled in.
--
-- Parameters: p_instance_id; p_messages, as in ai.append_messages and accepted by ai.check_messages.
-- Returns:    one row a message; position is its place in the array.
create or replace function ai.given_messages(p_instance_id text, p_messages jsonb) returns setof ai.message_info
language sql volatile parallel safe
set search_path = pg_catalog, pg_temp
as $$
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
comment on function ai.given_messages(text, jsonb) is 'A checked batch of messages as rows, with its defaults filled in';
alter function ai.given_messages(text, jsonb) owner to pylayer_api;
revoke all on function ai.given_messages(text, jsonb) from public;
