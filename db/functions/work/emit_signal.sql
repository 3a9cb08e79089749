-- Sends an event to a run. One that waits for it becomes due.
--
-- Parameters: p_run_id; p_event_name, at most 200 bytes; p_payload, at most 1 MiB; p_signal_id, a ULID that makes a repeat
--             safe; null makes one.
-- Returns:    signal_id; created, false when it was sent before.
-- Errors:     PT400 invalid_name, invalid_signal_id; PT404 no_run; PT409 run_ended; PT409 signal_exists: the id belongs to
--             another signal; PT413 value_limit.
-- Tables:     work.workflow_executions (row locked, updated), work.signals (inserted).
-- Repeat:     safe with a p_signal_id.
create or replace function work.emit_signal(
  p_run_id text,
  p_event_name text,
  p_payload jsonb default '{}',
  p_signal_id text default null,
  out signal_id text,
  out created boolean
) returns record
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_status text;
  v_is_same boolean;
begin
  perform work.check_run_text(p_what => 'event_name', p_value => p_event_name, p_bytes => 200);
  perform work.check_document(p_what => 'payload', p_value => p_payload);
  if p_signal_id !~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$' then
    raise exception using
      errcode = 'PT400', message = 'signal_id is not a ULID', constraint = 'invalid_signal_id',
      detail = left(p_signal_id, 64), hint = 'a ULID is 26 characters of upper-case Crockford base32';
  end if;
  select e.status into v_status from work.workflow_executions as e where e.run_id = p_run_id for no key update;
  signal_id := coalesce(p_signal_id, core.new_ulid());
  select (s.run_id, s.event_name, s.payload) = (p_run_id, p_event_name, coalesce(p_payload, 'null')) into v_is_same
  from work.signals as s where s.signal_id = p_signal_id;
  created := not found;
  if created and v_status in ('pending', 'running', 'waiting') then
    insert into work.signals as s (signal_id, run_id, event_name, payload)
    values (emit_signal.signal_id, p_run_id, p_event_name, coalesce(p_payload, 'null'))
    on conflict do nothing;
    v_is_same := found;  -- else another run was sent the same id at the same time
    -- Also when it does not wait: a transaction that began before, and cannot see the signal, then fails instead of waiting.
    update work.workflow_executions as e
    set
      due_at = case when e.status = 'waiting' and e.waiting_for = p_event_name then clock_timestamp() else e.due_at end,
      updated_at = clock_timestamp()
    where e.run_id = p_run_id;
  elsif created then
    perform work.refuse_run(p_run_id => p_run_id, p_status => v_status);
  end if;
  if not v_is_same then
    raise exception using
      errcode = 'PT409', message = 'another signal has this id', constraint = 'signal_exists', detail = emit_signal.signal_id,
      hint = 'make a new signal_id';
  end if;
end
$$;
comment on function work.emit_signal(text, text, jsonb, text) is
'Sends an event to a run, once an id. Errors: PT400, PT404 no_run, PT409 run_ended, signal_exists, PT413 value_limit';
alter function work.emit_signal(text, text, jsonb, text) owner to pylayer_api;
revoke all on function work.emit_signal(text, text, jsonb, text) from public;
grant execute on function work.emit_signal(text, text, jsonb, text) to pylayer_agent;
