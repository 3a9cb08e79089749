-- Runs that may be claimed: those that wait for a worker, those whose sleep is over, and those whose worker died.
--
-- Parameters: p_workflow_ids, of these workflows; null is any; p_limit, 1 to 1000.
-- Returns:    the runs, the longest due first. What it costs grows with neither other workflows' runs nor those that ended.
-- Errors:     PT400 invalid_limit.
-- Tables:     work.workflow_executions (read).
create or replace function work.due_executions(p_workflow_ids text[] default null, p_limit integer default 10)
returns setof work.execution_info
language sql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
  select work.check_limit(p_limit => p_limit, p_greatest => 1000);
  -- From each workflow to the next by the index: looked up only when the caller names none.
  with recursive known as (
    select min(e.workflow_id) as workflow_id from work.workflow_executions as e where e.due_at is not null
    union all
    select (
      select min(e.workflow_id) from work.workflow_executions as e
      where e.due_at is not null and e.workflow_id > k.workflow_id
    )
    from known as k
    where k.workflow_id is not null
  )
  select d.run
  from (
    select distinct g.workflow_id
    from unnest(coalesce(p_workflow_ids, array(select k.workflow_id from known as k))) as g (workflow_id)
  ) as w
  cross join lateral (
    select e.due_at, e.run_id, work.execution_of(e, false) as run
    from work.workflow_executions as e
    where e.workflow_id = w.workflow_id
      and e.due_at <= (select clock_timestamp())  -- once, so that the index serves
      and (e.deadline is null or e.deadline > (select clock_timestamp()))
    order by e.due_at, e.run_id
    limit p_limit
  ) as d
  order by d.due_at, d.run_id
  limit p_limit
$$;
comment on function work.due_executions(text[], integer) is
'Runs that may be claimed, the longest due first. Errors: PT400 invalid_limit';
alter function work.due_executions(text[], integer) owner to pylayer_api;
revoke all on function work.due_executions(text[], integer) from public;
grant execute on function work.due_executions(text[], integer) to pylayer_agent, pylayer_analyst, pylayer_auditor;
