-- Numbers of threads.
--
-- Parameters: p_thread_ids, array of threads; those that there are none of are passed over.
-- Errors:     PT400 invalid_thread_ids.
-- Tables:     work.checkpoint_threads (read).
create or replace function work.checkpoint_thread_keys(p_thread_ids jsonb) returns bigint[]
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if jsonb_typeof(p_thread_ids) is distinct from 'array' then
    raise exception using
      errcode = 'PT400', message = 'thread ids are not an array', constraint = 'invalid_thread_ids',
      detail = coalesce(jsonb_typeof(p_thread_ids), 'null'), hint = 'give an array of texts';
  end if;
  return array(
    select t.thread_key from work.checkpoint_threads as t
    where t.thread_id in (select i.id from jsonb_array_elements_text(p_thread_ids) as i (id))
  );
end
$$;
comment on function work.checkpoint_thread_keys(jsonb) is
'Numbers of threads. Errors: PT400 invalid_thread_ids';
alter function work.checkpoint_thread_keys(jsonb) owner to pylayer_api;
revoke all on function work.checkpoint_thread_keys(jsonb) from public;
