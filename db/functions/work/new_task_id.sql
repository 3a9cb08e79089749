-- A new id of a task: a ULID as core.new_ulid makes them, of 64 random bits instead of 80 and for a third of the cost.
--
-- Parameters: p_now, its time.
create or replace function work.new_task_id(p_now timestamptz)
returns text
language plpgsql volatile parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_ms bigint := floor(extract(epoch from p_now) * 1000)::bigint;
  v_random text := gen_random_uuid()::text;
  v_id text := upper(left(v_random, 8) || right(v_random, 8));  -- what is random of it only; hexadecimal digits are of base32 too
begin
  for v_shift in 0 .. 45 by 5 loop
    v_id := substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (v_ms >> v_shift & 31)::integer + 1, 1) || v_id;
  end loop;
  return v_id;
end
$$;
comment on function work.new_task_id(timestamptz) is
'A new id of a task';
alter function work.new_task_id(timestamptz) owner to pylayer_api;
revoke all on function work.new_task_id(timestamptz) from public;
