-- Results in the cache of graphs.
--
-- Parameters: p_keys, array of [namespace, key].
-- Returns:    one row for each that is there and has not expired; nth is its place in p_keys, from 0.
-- Errors:     PT400 invalid_keys.
-- Tables:     work.graph_cache (read).
create or replace function work.get_cached(p_keys jsonb)
returns table (nth bigint, serde_type text, data bytea)
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the table
set search_path = pg_catalog, pg_temp
as $$
begin
  if jsonb_typeof(p_keys) is distinct from 'array' then
    raise exception using
      errcode = 'PT400', message = 'keys are not an array', constraint = 'invalid_keys',
      detail = coalesce(jsonb_typeof(p_keys), 'null'), hint = 'give an array of [namespace, key]';
  end if;
  return query
  select k.place - 1, c.serde_type, c.data
  from jsonb_array_elements(p_keys) with ordinality as k (key, place)
  join work.graph_cache as c on c.namespace = k.key ->> 0 and c.key = k.key ->> 1
  where c.expires_at is null or c.expires_at > statement_timestamp()
  order by k.place;
end
$$;
comment on function work.get_cached(jsonb) is
'Results in the cache of graphs that have not expired. Errors: PT400 invalid_keys';
alter function work.get_cached(jsonb) owner to pylayer_api;
revoke all on function work.get_cached(jsonb) from public;
grant execute on function work.get_cached(jsonb) to pylayer_agent;
