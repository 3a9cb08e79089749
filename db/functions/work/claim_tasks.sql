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
  v_noted text;  -- the setting that says where this session's claims in these queues begin, when not at the front
  v_note text;
  v_state bigint[];  -- as work.note_look keeps it
  v_read bigint := pg_stat_get_xact_tuples_returned('work.task_executions_ready_idx'::regclass);
  v_places tid[];
  v_nths integer[];
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
  v_note := current_setting(v_noted, true);
  if v_note <> '' and pg_input_is_valid(v_note, 'bigint[]') then  -- not when somebody else wrote it
    v_state := v_note::bigint[];
  end if;
  if (v_state[1] between extract(epoch from v_now) * 1000 and extract(epoch from v_now) * 1000 + 60000) is not true then
    v_state := array[0, v_state[2]];
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
        and r.position > coalesce(v_state[f.nth + 2], 0)
      order by r.position
      limit p_n
      for no key update skip locked
    ) as t
    limit p_n
  ) as s;
  v_count := coalesce(cardinality(v_places), 0);
  v_read := pg_stat_get_xact_tuples_returned('work.task_executions_ready_idx'::regclass) - v_read;
  if v_state[1] > 0 or v_read > 3 * p_n + 100 then
    perform work.note_look(
      p_noted => v_noted, p_state => v_state, p_size => 10 * cardinality(v_queues), p_nths => v_nths,
      p_positions => v_positions, p_n => p_n, p_started => v_now
    );
  elsif v_note <> '' then
    perform set_config(v_noted, '', false);
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
