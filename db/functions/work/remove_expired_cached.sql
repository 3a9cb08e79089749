-- Removes results from the cache of graphs that have expired, but for rows that somebody else has locked.
--
-- Parameters: p_limit, most of them, 1 to 100000.
-- Returns:    how many were removed; fewer than p_limit: there are no more for now.
-- Errors:     PT400 invalid_limit.
-- Tables:     work.graph_cache (rows locked where nobody has, deleted).
-- Repeat:     safe.
create or replace function work.remove_expired_cached(p_limit integer default 10000) returns bigint
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: admins hold no right to write tables
set search_path = pg_catalog, pg_temp
as $$
declare
  v_removed bigint;
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 100000);
  delete from work.graph_cache as c
  using (
    select g.namespace, g.key from work.graph_cache as g
    where g.expires_at <= clock_timestamp()
    limit p_limit
    for update skip locked
  ) as e
  where (c.namespace, c.key) = (e.namespace, e.key);
  get diagnostics v_removed = row_count;
  return v_removed;
end
$$;
comment on function work.remove_expired_cached(integer) is
'Removes results from the cache of graphs that have expired. Errors: PT400 invalid_limit';
alter function work.remove_expired_cached(integer) owner to pylayer_api;
revoke all on function work.remove_expired_cached(integer) from public;
grant execute on function work.remove_expired_cached(integer) to pylayer_admin;
