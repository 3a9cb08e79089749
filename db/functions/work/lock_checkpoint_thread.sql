-- Makes a thread where there is none, and keeps anything from being removed from it until the end of the transaction.
--
-- Parameters: p_thread_id  free text of at most 1000 bytes
-- Returns:    the number of the thread.
-- Errors:     PT400 invalid_thread_id; 40001 something was removed since a repeatable read began.
-- Tables:     work.checkpoint_threads (inserted, row locked: shared with others who store, not with who removes).
-- Repeat:     safe.
create or replace function work.lock_checkpoint_thread(p_thread_id text) returns bigint
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_thread bigint;
begin
  if p_thread_id is null or octet_length(p_thread_id) not between 1 and 1000 then
    raise exception using
      errcode = 'PT400', message = 'thread_id is missing or too long', constraint = 'invalid_thread_id',
      detail = format('%s bytes', octet_length(p_thread_id)), hint = 'give 1 to 1000 bytes of text';
  end if;
  loop
    select t.thread_key into v_thread from work.checkpoint_threads as t where t.thread_id = p_thread_id for share;
    exit when found;
    -- Another session may insert or remove the same thread: the next round locks what is there then.
    insert into work.checkpoint_threads (thread_id) values (p_thread_id) on conflict do nothing;
  end loop;
  return v_thread;
end
$$;
comment on function work.lock_checkpoint_thread(text) is
'Makes a thread where there is none, and keeps anything from being removed from it. Errors: PT400 invalid_thread_id';
alter function work.lock_checkpoint_thread(text) owner to pylayer_api;
revoke all on function work.lock_checkpoint_thread(text) from public;
