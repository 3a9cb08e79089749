-- Appends messages to a conversation, in the order of the array: each message_id once, whatever is sent again. All or none.
--
-- Parameters:
--   p_instance_id  conversation
--   p_messages     JSON array of at most 1000 objects of at most 1 MiB each: role (system, developer, user, assistant, tool);
--                  content, text, default empty; message_id, 1 to 255 characters, default a new ULID; agent_id; tool_calls (of an
--                  assistant, in the messages format); tool_call_id (of a tool result, required there); is_error, default
--                  false; metadata, an object; token_count, default an estimate: a quarter of the bytes of content and
--                  tool_calls, at least 1
-- Returns: one row a message, in input order. status: created, or duplicate (known, same content; metadata and token_count are
--          not compared).
-- Errors:  PT400 not_an_array, invalid_message; PT404 no_conversation; PT409 message_conflict (a known message_id with other
--          content); PT413 too_many_messages, message_too_large.
-- Tables:  ai.conversations (row locked until the end of the transaction, so that positions have no gap; updated),
--          ai.messages (read, inserted). Writers of one conversation take turns, those of several should append in one order.
-- Repeat:  safe when every message has a message_id.
create or replace function ai.append_messages(p_instance_id text, p_messages jsonb)
returns table (message_id text, "position" bigint, status text, token_count integer)
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: agents hold no right on tables
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_last bigint;
  v_new bigint;
  v_batch ai.message_info[];
  v_conflict text;
begin
  perform ai.check_messages(p_messages => p_messages);
  select c.message_count into v_last from ai.conversations as c where c.instance_id = p_instance_id for no key update;
  if not found then
    perform ai.refuse_no_conversation(p_instance_id => p_instance_id);
  end if;
  v_batch := array(
    select m from ai.given_messages(p_instance_id => p_instance_id, p_messages => p_messages) as m order by m.position
  );

  with fresh as (
    select f.*, v_last + row_number() over (order by f.position) as place
    from (
      select distinct on (b.message_id) b.* from unnest(v_batch) as b order by b.message_id, b.position
    ) as f
    where not exists (
      select from ai.messages as m where m.instance_id = p_instance_id and m.message_id = f.message_id
    )
  ),
  calls as (
    select f.place, c.call ->> 'id' as id
    from fresh as f
    cross join jsonb_array_elements(f.tool_calls) as c (call)
  )
  insert into ai.messages (
    instance_id, position, message_id, agent_id, role, content, tool_calls, tool_call_id, call_position, is_error, metadata,
    token_count, is_token_estimate, recorded_epoch, recorded_xid
  )
  select
    f.instance_id, f.place, f.message_id, f.agent_id, f.role, f.content, f.tool_calls, f.tool_call_id,
    case when f.role = 'tool' then coalesce(
      (select max(c.place) from calls as c where c.id = f.tool_call_id and c.place < f.place),
      (
        select m.position
        from ai.messages as m
        where m.instance_id = p_instance_id
          and m.tool_calls @> jsonb_build_array(jsonb_build_object('id', f.tool_call_id))
        order by m.position desc
        limit 1
      )
    ) end,
    f.is_error, f.metadata, f.token_count, f.is_token_estimate, core.current_epoch(),
    pg_current_xact_id()::text::bigint
  from fresh as f
  order by f.place;
  get diagnostics v_new = row_count;
  if v_new > 0 then
    update ai.conversations as c
    set message_count = v_last + v_new, updated_at = clock_timestamp()
    where c.instance_id = p_instance_id;
  end if;

  if v_new < cardinality(v_batch) then
    select b.message_id into v_conflict
    from unnest(v_batch) as b
    inner join ai.messages as m on m.instance_id = p_instance_id and m.message_id = b.message_id
    where (m.agent_id, m.role, m.content, m.tool_calls, m.tool_call_id, m.is_error)
      is distinct from (b.agent_id, b.role, b.content, b.tool_calls, b.tool_call_id, b.is_error)
    order by b.position
    limit 1;
    if found then
      raise exception using
        errcode = 'PT409', message = 'there is another message with this id', constraint = 'message_conflict',
        detail = format('message_id %s in conversation %s', v_conflict, p_instance_id),
        hint = 'what was said never changes: append another message, with an id of its own';
    end if;
  end if;

  return query
  select
    m.message_id, m.position,
    case when m.position > v_last and b.position = min(b.position) over (partition by b.message_id)
      then 'created' else 'duplicate' end,
    m.token_count
  from unnest(v_batch) as b
  inner join ai.messages as m on m.instance_id = p_instance_id and m.message_id = b.message_id
  order by b.position;
end
$$;
comment on function ai.append_messages(text, jsonb) is
'Appends messages to a conversation, each message_id once, all or none. Errors: PT400, PT404 no_conversation, PT409 message_conflict, PT413';
alter function ai.append_messages(text, jsonb) owner to pylayer_api;
revoke all on function ai.append_messages(text, jsonb) from public;
grant execute on function ai.append_messages(text, jsonb) to pylayer_agent;
