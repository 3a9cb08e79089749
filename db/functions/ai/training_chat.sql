-- Streams the conversations that began in a time range, in the messages format of fine-tuning tools.
-- Without SET search_path and not SECURITY DEFINER, so that it is inlined: a function that is called keeps all rows first.
--
-- Parameters: p_from, p_to: range of the conversation's created_at, p_to exclusive; p_epoch, p_xid: only messages recorded
--             below this horizon (telemetry.snapshot_horizon).
-- Returns:    one row a conversation with messages, oldest first. Positions have no gap, so those below a horizon are the first.
-- Tables:     ai.conversations, ai.messages (read; the caller needs the right to).
create or replace function ai.training_chat(p_from timestamptz, p_to timestamptz, p_epoch integer, p_xid bigint)
returns table (messages jsonb)
language sql stable parallel safe
as $$
  select t.messages
  from ai.conversations as c
  cross join lateral (
    select jsonb_agg(
      jsonb_build_object('role', m.role, 'content', m.content)
      || case when m.tool_calls is null then '{}' else jsonb_build_object('tool_calls', m.tool_calls) end
      || case when m.tool_call_id is null then '{}' else jsonb_build_object('tool_call_id', m.tool_call_id) end
      order by m.position
    ) as messages
    from ai.messages as m
    where m.instance_id = c.instance_id
      and (m.recorded_epoch, m.recorded_xid) < (p_epoch, p_xid)
  ) as t
  where c.created_at >= p_from
    and c.created_at < p_to
    and t.messages is not null
  order by c.created_at, c.instance_id
$$;
comment on function ai.training_chat(timestamptz, timestamptz, integer, bigint) is
'Conversations that began in a time range, their messages below a horizon, in the messages format of fine-tuning tools';
alter function ai.training_chat(timestamptz, timestamptz, integer, bigint) owner to pylayer_api;
revoke all on function ai.training_chat(timestamptz, timestamptz, integer, bigint) from public;
grant execute on function ai.training_chat(timestamptz, timestamptz, integer, bigint) to pylayer_admin, pylayer_analyst;
