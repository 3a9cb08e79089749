-- Completes tasks, and claims as many others in the same transaction as the worker asks for.
--
-- Parameters: p_tasks, a JSON array of at most 1000 objects with execution_id, lease (its token) and output_data, which may be
--             left out; p_worker, p_queues, p_n, p_lease_seconds as work.claim_tasks; p_n 0 claims nothing.
-- Returns:    one row a task of p_tasks that is not completed, outcome why: lease_lost, lease_expired or no_task; it is left as
--             it is. Then those that were claimed, outcome claimed, with what a worker needs.
-- Errors:     PT400 not_an_array, invalid_task, and with p_n those of work.claim_tasks; PT409 not_read_committed (with a
--             concurrency_key); PT413 too_many_tasks, output_limit; 22P02; 40001 and 40P01: the same call again.
-- Tables:     work.task_executions (rows updated), then as work.settle_changes, then as work.pick_tasks, whose rows are updated.
-- Repeat:     safe: a task that was completed under the same lease is completed.
create or replace function work.complete_tasks(
  p_tasks jsonb,
  p_worker text default null,
  p_queues text[] default '{default}',
  p_n integer default 0,
  p_lease_seconds integer default 60
)
returns table (
  outcome text,
  execution_id text,
  lease uuid,
  lease_expires_at timestamptz,
  queue text,
  task_name text,
  task_type text,
  priority integer,
  retry_count integer,
  max_retries integer,
  timeout_seconds integer,
  input_data jsonb,
  run_id text,
  workflow_name text,
  agent_id text,
  project_id text,
  metadata jsonb,
  scheduled_at timestamptz,
  started_at timestamptz
)
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan  -- one plan, made once, that finds each task by its id
set enable_seqscan = off  -- of a table that is still small, whose plan then stays when it has grown
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_now timestamptz := clock_timestamp();
  v_done integer;
  v_ids text[];
  v_queues text[];
  v_has_keys boolean;
  v_places tid[];
  v_lease uuid := gen_random_uuid();
begin
  if (
    jsonb_typeof(p_tasks) = 'array' and jsonb_array_length(p_tasks) <= 1000 and pg_column_size(p_tasks) <= 1048576
    and not jsonb_path_exists(p_tasks, 'strict $[*] ? (@.type() != "object")')
  ) is not true then
    perform work.check_completions(p_tasks => p_tasks);
  end if;
  with done as (
    update work.task_executions as t
    set
      status = 'completed',
      output_data = d.output_data,
      error = null,
      lease_expires_at = null,
      finished_at = v_now,
      execution_time_ms = greatest(date_part('epoch', v_now - t.started_at) * 1000, 0)
    from jsonb_to_recordset(p_tasks) as d (execution_id text, lease uuid, output_data jsonb)
    where t.execution_id = d.execution_id
      -- Coalesced, so that no plan goes through all leases for it.
      and coalesce(t.lease = d.lease and t.status = 'running' and t.lease_expires_at > v_now, false)
    returning t.execution_id, t.queue, t.concurrency_key
  )
  select count(*)::integer, array_agg(d.execution_id), array_agg(d.queue), count(d.concurrency_key) > 0
  into v_done, v_ids, v_queues, v_has_keys
  from done as d;
  if v_has_keys or exists (select from work.queues as q where q.queue = any(v_queues) and q.events <> 'none') then
    perform work.settle_changes(array(
      select row(
        t.execution_id, t.queue, 'running', 'completed', t.run_id, t.workflow_name, t.project_id, t.concurrency_key, null,
        t.worker, t.started_at
      )::work.task_change
      from work.task_executions as t
      where t.execution_id = any(v_ids)
    ));
  end if;

  if v_done < jsonb_array_length(p_tasks) then
    return query
    select
      work.lease_problem(p_execution_id => d.execution_id, p_lease => d.lease), d.execution_id, null::uuid,
      null::timestamptz, null::text, null::text, null::text, null::integer, null::integer, null::integer, null::integer,
      null::jsonb, null::text, null::text, null::text, null::text, null::jsonb, null::timestamptz, null::timestamptz
    from jsonb_to_recordset(p_tasks) as d (execution_id text, lease uuid)
    where not exists (
      select from work.task_executions as t
      where t.execution_id = d.execution_id and t.lease = d.lease and t.status = 'completed'
    );
  end if;
  if p_n <> 0 then
    if (
      length(p_worker) between 1 and 200 and cardinality(p_queues) between 1 and 100 and p_n between 1 and 1000
      and p_lease_seconds between 1 and 3600
    ) is not true then
      perform work.check_claim(
        p_worker => p_worker, p_queues => p_queues, p_n => p_n, p_lease_seconds => p_lease_seconds
      );
    end if;
    v_now := clock_timestamp();  -- leases begin after what the completions waited for
    v_places := work.pick_tasks(p_worker => p_worker, p_queues => p_queues, p_n => p_n);
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
      'claimed', t.execution_id::text, t.lease, t.lease_expires_at, t.queue, t.task_name::text, t.task_type,
      t.priority::integer, t.retry_count::integer, t.max_retries::integer, t.timeout_seconds::integer, t.input_data, t.run_id,
      t.workflow_name, t.agent_id, t.project_id, t.metadata, t.scheduled_at, t.started_at;
  end if;
end
$$;
comment on function work.complete_tasks(jsonb, text, text[], integer, integer) is
'Completes tasks, and claims others in the same transaction when asked to. Errors: PT400, PT409 not_read_committed, PT413';
alter function work.complete_tasks(jsonb, text, text[], integer, integer) owner to pylayer_api;
revoke all on function work.complete_tasks(jsonb, text, text[], integer, integer) from public;
grant execute on function work.complete_tasks(jsonb, text, text[], integer, integer) to pylayer_agent;
