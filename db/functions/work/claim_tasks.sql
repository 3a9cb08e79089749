-- Hands out ready tasks to a worker, each under a lease: first those of the least priority number, among them queue by queue
-- as the worker names them, among those the oldest. The cost depends neither on finished nor on waiting tasks.
--
-- Parameters: p_worker, name of the worker; p_queues, at most 100; p_n, most tasks, 1 to 1000; p_lease_seconds, how long the
--             lease lasts unless work.heartbeat extends it, 1 to 3600, and never beyond the task's timeout_seconds.
-- Returns:    the tasks, in the order in which they are to run, each with its lease's token and end. None of a paused queue.
-- Errors:     PT400 invalid_worker, invalid_queues, invalid_limit, invalid_lease.
-- Tables:     work.queues (read), work.task_executions (rows locked, skipping locked ones, and updated), in queues that make
--             every change an event then telemetry.workflow_events.
-- Repeat:     hands out others; a lease that nobody uses expires.
create or replace function work.claim_tasks(
  p_worker text, p_queues text[] default '{default}', p_n integer default 1, p_lease_seconds integer default 60
)
returns setof work.claimed_task
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan  -- one plan, made once
set enable_seqscan = off  -- of a table that is still small, whose plan then stays when it has grown
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_now timestamptz := clock_timestamp();
  v_lease uuid := gen_random_uuid();
  v_queues text[];
  v_has_events boolean;
  v_noted text;  -- the setting that says how far this session's claims in these queues have come
  v_is_whole boolean;
  v_state bigint[];  -- until when that holds, in ms; the last position at the last whole look; a floor a priority and queue
  v_places tid[];
  v_nths integer[];  -- of the floors, in v_state from its third element on
  v_positions bigint[];
  v_count integer;
begin
  if (
    length(p_worker) between 1 and 200 and cardinality(p_queues) between 1 and 100 and p_n between 1 and 1000
    and p_lease_seconds between 1 and 3600
  ) is not true then
    perform work.check_claim(
      p_worker => p_worker, p_queues => p_queues, p_n => p_n, p_lease_seconds => p_lease_seconds
    );
  end if;
  select array_agg(q.queue order by array_position(p_queues, q.queue)), bool_or(q.events = 'all')
  into v_queues, v_has_events
  from work.queues as q
  where q.queue = any(p_queues) and q.paused_at is null;
  if v_queues is null then
    return;
  end if;
  v_noted := 'pylayer.claims_' || md5(v_queues::text);
  if pg_input_is_valid(current_setting(v_noted, true), 'bigint[]') then  -- not when somebody else wrote it
    v_state := current_setting(v_noted, true)::bigint[];
  end if;
  v_is_whole := (
    v_state[1] between extract(epoch from v_now) * 1000 and extract(epoch from v_now) * 1000 + 60000
  ) is not true;
  if v_is_whole then
    v_state := array[0, v_state[2]] || array_fill(0::bigint, array[10 * cardinality(v_queues)]);
  end if;

  select array_agg(s.place), array_agg(s.nth), array_agg(s.position)
  into v_places, v_nths, v_positions
  from (
    select f.nth, t.place, t.position
    from generate_series(1, 10 * cardinality(v_queues)) as f (nth)
    cross join lateral (
      select r.ctid as place, r.position from work.task_executions as r
      where r.status = 'ready'
        and r.queue = v_queues[(f.nth - 1) % cardinality(v_queues) + 1]
        and r.priority = (f.nth - 1) / cardinality(v_queues)
        and r.position > v_state[f.nth + 2]
      order by r.position
      limit p_n
      for no key update skip locked
    ) as t
    limit p_n
  ) as s;
  v_count := coalesce(cardinality(v_places), 0);
  for v_nth in 1 .. v_count loop
    v_state[v_nths[v_nth] + 2] := v_positions[v_nth] - 100;
  end loop;
  if v_is_whole then
    perform work.note_whole_look(
      p_noted => v_noted, p_state => v_state, p_started => v_now,
      p_exhausted => case when v_count < p_n then cardinality(v_state) else v_nths[v_count] + 1 end
    );
  elsif v_count > 0 then
    perform set_config(v_noted, v_state::text, false);
  end if;
  if v_count = 0 then
    return;
  end if;
  if v_has_events then
    perform work.store_task_events(p_changes => array(
      select row(
        t.execution_id, t.queue, 'ready', 'running', t.run_id, t.workflow_name, t.project_id, null, null, p_worker,
        t.scheduled_at
      )::work.task_change
      from work.task_executions as t
      where t.ctid = any(v_places)
    ));
  end if;
  -- No sort: a nested loop, the only join that is left, keeps the order of the places.
  return query
  update work.task_executions as t
  set
    status = 'running',
    lease = v_lease,
    lease_expires_at = v_now + make_interval(secs => least(p_lease_seconds, t.timeout_seconds)),
    started_at = v_now,
    worker = p_worker
  from unnest(v_places) as p (place)
  where t.ctid = p.place
  returning
    t.execution_id::text, t.lease, t.lease_expires_at, t.queue, t.task_name, t.task_type, t.priority, t.retry_count,
    t.max_retries, t.timeout_seconds, t.input_data, t.run_id, t.workflow_name, t.agent_id, t.project_id, t.metadata,
    t.scheduled_at, t.started_at, t.position;
end
$$;
comment on function work.claim_tasks(text, text[], integer, integer) is
'Hands out ready tasks to a worker, each under a lease. Errors: PT400';
alter function work.claim_tasks(text, text[], integer, integer) owner to pylayer_api;
revoke all on function work.claim_tasks(text, text[], integer, integer) from public;
grant execute on function work.claim_tasks(text, text[], integer, integer) to pylayer_agent;
