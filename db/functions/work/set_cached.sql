-- Stores results in the cache of graphs, in place of what was there.
--
-- Parameters:
--   p_entries  array of [namespace, key, type, bytes in p_data, seconds until it expires or null for never]; of one key the last
--   p_data     their bytes, one after the other
-- Errors: PT400 invalid_entries.
-- Tables: work.graph_cache (inserted or updated, in the order of the keys).
-- Repeat: safe; the time to live begins anew.
create or replace function work.set_cached(p_entries jsonb, p_data bytea) returns void
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the table
set search_path = pg_catalog, pg_temp
as $$
begin
  if jsonb_typeof(p_entries) is distinct from 'array'
    or p_data is null
    or exists (
      select from jsonb_array_elements(p_entries) as e (entry)
      where num_nulls(e.entry ->> 0, e.entry ->> 1, e.entry ->> 2, e.entry ->> 3) > 0
        or greatest(octet_length(e.entry ->> 0), octet_length(e.entry ->> 1)) > 1000
        or length(e.entry ->> 2) not between 1 and 100
        or e.entry ->> 3 !~ '^[0-9]{1,9}$'
        or e.entry ->> 4 !~ '^-?[0-9]{1,9}([.][0-9]+)?$'
    )
    or (select coalesce(sum((e.entry ->> 3)::bigint), 0) from jsonb_array_elements(p_entries) as e (entry))
    <> octet_length(p_data)
  then
    raise exception using
      errcode = 'PT400', message = 'entries are not of the form that is expected', constraint = 'invalid_entries',
      detail = format('%s bytes of data', octet_length(p_data)),
      hint = 'give [namespace, key, type, bytes, seconds]; names of at most 1000 bytes';
  end if;
  insert into work.graph_cache as c (namespace, key, serde_type, data, expires_at)
  select distinct on ((e.entry ->> 0) collate "C", (e.entry ->> 1) collate "C")
    e.entry ->> 0,
    e.entry ->> 1,
    e.entry ->> 2,
    substring(p_data, (e.until - (e.entry ->> 3)::bigint)::integer + 1, (e.entry ->> 3)::integer),
    clock_timestamp() + make_interval(secs => (e.entry ->> 4)::double precision)
  from (
    select g.entry, g.nth, sum((g.entry ->> 3)::bigint) over (order by g.nth) as until
    from jsonb_array_elements(p_entries) with ordinality as g (entry, nth)
  ) as e
  order by (e.entry ->> 0) collate "C", (e.entry ->> 1) collate "C", e.nth desc
  on conflict (namespace, key) do update
  set serde_type = excluded.serde_type, data = excluded.data, expires_at = excluded.expires_at;
end
$$;
comment on function work.set_cached(jsonb, bytea) is
'Stores results in the cache of graphs. Errors: PT400 invalid_entries';
alter function work.set_cached(jsonb, bytea) owner to pylayer_api;
revoke all on function work.set_cached(jsonb, bytea) from public;
grant execute on function work.set_cached(jsonb, bytea) to pylayer_agent;
