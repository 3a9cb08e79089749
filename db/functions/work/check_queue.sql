-- Refuses a name that no queue can have.
--
-- Parameters: p_queue.
-- Errors:     PT400 invalid_queue.
create or replace function work.check_queue(p_queue text)
returns void
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if (p_queue ~ '^[a-z][a-z0-9_.-]{0,62}$') is not true then
    raise exception using
      errcode = 'PT400', message = 'the name of the queue is malformed', constraint = 'invalid_queue',
      detail = coalesce(left(p_queue, 64), 'null'), hint = 'a lower-case letter, then up to 62 of a-z, 0-9, _, . and -';
  end if;
end
$$;
comment on function work.check_queue(text) is
'Refuses a name that no queue can have. Errors: PT400 invalid_queue';
alter function work.check_queue(text) owner to pylayer_api;
revoke all on function work.check_queue(text) from public;
