-- Adds a batch of events to telemetry.state_changes and telemetry.item_rollups.
-- An event tells its item, not the item's type: what an item used stands in one row, that of the type that changed state
-- first, and in one without a type while there is no such change.
--
-- Parameters: p_batch, events that are not counted yet, in recorded order.
-- Tables:     telemetry.state_changes (insert); telemetry.item_rollups (upserted, rows without a type deleted).
create or replace function telemetry.count_items(p_batch telemetry.counted_event[]) returns void
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
set enable_seqscan = off  -- a batch looks its rows up by index, however many there are
set work_mem = '64MB'
set jit = off
as $$
declare
  v_changes telemetry.state_changes[];
begin
  v_changes := array(
    select
      row(
        coalesce(c.own_run_id, c.item_id), c.label_1, c.ts, c.event_id, c.run_id, c.label_2, c.label_3
      )::telemetry.state_changes
    from (
      -- a run is told apart by its run_id, whatever item it works on
      select b.*, case when b.label_1 = 'workflow_run' then b.run_id end as own_run_id
      from unnest(p_batch) as b
      where b.event_name = 'workflow.item_state_changed' and b.label_1 <> '' and b.label_3 is not null
    ) as c
    where coalesce(c.own_run_id, c.item_id) is not null
  );
  if cardinality(v_changes) > 0 then
    perform telemetry.settle_items(v_changes);
  end if;

  insert into telemetry.item_rollups as r (
    item_id, item_type, project_id, events, steps, failed_steps, input_tokens, cached_input_tokens, output_tokens, cost_usd
  )
  select
    u.item_id,
    coalesce(
      (
        select i.item_type from telemetry.item_rollups as i where i.item_id = u.item_id
        order by i.item_type = '', i.started_at, i.item_type limit 1
      ),
      ''
    ),
    u.project_id, u.events, u.steps, u.failed_steps, u.input_tokens, u.cached_input_tokens, u.output_tokens, u.cost_usd
  from (
    select
      b.item_id,
      min(b.project_id) as project_id,
      count(*) as events,
      count(*) filter (where b.event_name = 'workflow.step_completed') as steps,
      count(*) filter (where b.event_name = 'workflow.step_completed' and b.label_2 = 'failed') as failed_steps,
      coalesce(sum(b.input_tokens), 0) as input_tokens,
      coalesce(sum(b.cached_input_tokens), 0) as cached_input_tokens,
      coalesce(sum(b.output_tokens), 0) as output_tokens,
      coalesce(sum(b.cost_usd), 0) as cost_usd
    from unnest(p_batch) as b
    where b.item_id is not null
    group by b.item_id
  ) as u
  on conflict (item_id, item_type) do update set
    project_id = least(r.project_id, excluded.project_id),
    events = r.events + excluded.events,
    steps = r.steps + excluded.steps,
    failed_steps = r.failed_steps + excluded.failed_steps,
    input_tokens = r.input_tokens + excluded.input_tokens,
    cached_input_tokens = r.cached_input_tokens + excluded.cached_input_tokens,
    output_tokens = r.output_tokens + excluded.output_tokens,
    cost_usd = r.cost_usd + excluded.cost_usd;
end
$$;
comment on function telemetry.count_items(telemetry.counted_event[]) is
'Adds a batch of events to the changes of state and to the rollups by item';
alter function telemetry.count_items(telemetry.counted_event[]) owner to pylayer_api;
revoke all on function telemetry.count_items(telemetry.counted_event[]) from public;
