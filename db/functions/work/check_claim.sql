-- Refuses a claim that is none.
--
-- Parameters: as work.claim_tasks.
-- Errors:     PT400 invalid_worker, invalid_queues, invalid_limit, invalid_lease.
create or replace function work.check_claim(p_worker text, p_queues text[], p_n integer, p_lease_seconds integer)
returns void
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
begin
  if (length(p_worker) between 1 and 200) is not true then
    raise exception using
      errcode = 'PT400', message = 'the worker has no usable name', constraint = 'invalid_worker',
      detail = format('%s characters', length(p_worker)), hint = '1 to 200 characters, such as host and process id';
  elsif (cardinality(p_queues) between 1 and 100) is not true then
    raise exception using
      errcode = 'PT400', message = 'no queue, or too many', constraint = 'invalid_queues',
      detail = format('%s queues', cardinality(p_queues)), hint = 'name 1 to 100 queues';
  elsif (p_n between 1 and 1000) is not true then
    raise exception using
      errcode = 'PT400', message = 'the number of tasks is out of range', constraint = 'invalid_limit',
      detail = coalesce(p_n::text, 'null'), hint = '1 to 1000';
  end if;
  perform work.check_lease(p_lease_seconds => p_lease_seconds);
end
$$;
comment on function work.check_claim(text, text[], integer, integer) is
'Refuses a claim that is none. Errors: PT400';
alter function work.check_claim(text, text[], integer, integer) owner to pylayer_api;
revoke all on function work.check_claim(text, text[], integer, integer) from public;
