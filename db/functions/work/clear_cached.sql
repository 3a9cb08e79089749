-- Removes results from the cache of graphs.
--
-- Parameters: p_namespaces, array of namespaces; null is all.
-- Returns:    how many were removed.
-- Errors:     PT400 invalid_namespaces.
-- Tables:     work.graph_cache (deleted).
-- Repeat:     safe.
create or replace function work.clear_cached(p_namespaces jsonb default null) returns bigint
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the table
set search_path = pg_catalog, pg_temp
as $$
declare
  v_removed bigint;
begin
  if jsonb_typeof(p_namespaces) <> 'array' then
    raise exception using
      errcode = 'PT400', message = 'namespaces are not an array', constraint = 'invalid_namespaces',
      detail = jsonb_typeof(p_namespaces), hint = 'give an array of texts, or null for all';
  end if;
  delete from work.graph_cache as c
  where p_namespaces is null
    or c.namespace in (select n.namespace from jsonb_array_elements_text(p_namespaces) as n (namespace));
  get diagnostics v_removed = row_count;
  return v_removed;
end
$$;
comment on function work.clear_cached(jsonb) is
'Removes results from the cache of graphs. Errors: PT400 invalid_namespaces';
alter function work.clear_cached(jsonb) owner to pylayer_api;
revoke all on function work.clear_cached(jsonb) from public;
grant execute on function work.clear_cached(jsonb) to pylayer_agent;
