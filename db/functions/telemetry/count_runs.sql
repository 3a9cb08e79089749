-- Adds a batch of events to telemetry.run_rollups. A run's state is that of the item of its id and of type workflow_run,
-- so telemetry.count_items comes first.
--
-- Parameters: p_batch, events that are not counted yet.
-- Tables:     telemetry.item_rollups (read); telemetry.run_rollups (upserted).
create or replace function telemetry.count_runs(p_batch telemetry.counted_event[]) returns void
language sql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
set enable_seqscan = off  -- a batch looks its rows up by index, however many there are
set enable_hashjoin = off
set enable_mergejoin = off
set work_mem = '64MB'
set jit = off
as $$
  insert into telemetry.run_rollups as r (
    run_id, workflow_name, project_id, state, outcome, started_at, ended_at, last_event_at, events, steps, failed_steps,
    input_tokens, cached_input_tokens, output_tokens, cost_usd, duration_ms_sum
  )
  select
    u.run_id, u.workflow_name, u.project_id, i.state, i.outcome, u.started_at, i.ended_at, u.last_event_at, u.events,
    u.steps, u.failed_steps, u.input_tokens, u.cached_input_tokens, u.output_tokens, u.cost_usd, u.duration_ms_sum
  from (
    select
      k.run_id,
      min(b.workflow_name) as workflow_name,
      min(b.project_id) as project_id,
      min(b.ts) as started_at,
      max(b.ts) as last_event_at,
      count(*) as events,
      count(*) filter (where b.event_name = 'workflow.step_completed') as steps,
      count(*) filter (where b.event_name = 'workflow.step_completed' and b.label_2 = 'failed') as failed_steps,
      coalesce(sum(b.input_tokens), 0) as input_tokens,
      coalesce(sum(b.cached_input_tokens), 0) as cached_input_tokens,
      coalesce(sum(b.output_tokens), 0) as output_tokens,
      coalesce(sum(b.cost_usd), 0) as cost_usd,
      coalesce(sum(b.duration_ms), 0) as duration_ms_sum
    from unnest(p_batch) as b
    cross join lateral (
      -- what changes the state of a run may tell it as its item only
      select coalesce(
        b.run_id,
        case when b.event_name = 'workflow.item_state_changed' and b.label_1 = 'workflow_run' then b.item_id end
      ) as run_id
    ) as k
    where k.run_id is not null
    group by k.run_id
  ) as u
  left join telemetry.item_rollups as i on i.item_id = u.run_id and i.item_type = 'workflow_run'
  on conflict (run_id) do update set
    workflow_name = least(r.workflow_name, excluded.workflow_name),
    project_id = least(r.project_id, excluded.project_id),
    state = excluded.state,
    outcome = excluded.outcome,
    started_at = least(r.started_at, excluded.started_at),
    ended_at = excluded.ended_at,
    last_event_at = greatest(r.last_event_at, excluded.last_event_at),
    events = r.events + excluded.events,
    steps = r.steps + excluded.steps,
    failed_steps = r.failed_steps + excluded.failed_steps,
    input_tokens = r.input_tokens + excluded.input_tokens,
    cached_input_tokens = r.cached_input_tokens + excluded.cached_input_tokens,
    output_tokens = r.output_tokens + excluded.output_tokens,
    cost_usd = r.cost_usd + excluded.cost_usd,
    duration_ms_sum = r.duration_ms_sum + excluded.duration_ms_sum
$$;
comment on function telemetry.count_runs(telemetry.counted_event[]) is 'Adds a batch of events to the rollups by run';
alter function telemetry.count_runs(telemetry.counted_event[]) owner to pylayer_api;
revoke all on function telemetry.count_runs(telemetry.counted_event[]) from public;
