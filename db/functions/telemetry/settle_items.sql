-- Adds new changes of state to what is known of their items, and moves what an item used to the row of the type that changed
-- state first, when that is another one now.
--
-- Parameters: p_changes, new changes in recorded order.
-- Tables:     telemetry.state_changes (inserted); telemetry.cycle_rollups (upserted); telemetry.item_rollups (upserted, rows
--             without a type deleted).
create or replace function telemetry.settle_items(p_changes telemetry.state_changes[]) returns void
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
set enable_seqscan = off  -- a batch looks its rows up by index, however many there are
set enable_hashjoin = off
set enable_mergejoin = off
set work_mem = '64MB'
set jit = off
as $$
declare
  v_item_ids text[] := array(select distinct c.item_id from unnest(p_changes) as c);
  v_types text[];
  v_seconds numeric[];
begin
  insert into telemetry.state_changes select c.* from unnest(p_changes) as c;

  select array_agg(c.item_type), array_agg(c.seconds) into v_types, v_seconds
  from telemetry.cycle_times(p_changes) as c;
  if v_types is not null then
    perform telemetry.count_cycles(v_types, v_seconds);
  end if;

  insert into telemetry.item_rollups (
    item_id, item_type, state, outcome, started_at, ended_at, state_since, state_event_id, state_seconds, transitions,
    bounces, state_bounces
  )
  select
    f.item_id, f.item_type, f.state, o.outcome, f.started_at, case when o.outcome is not null then f.state_since end,
    f.state_since, f.state_event_id, f.state_seconds, f.transitions, f.bounces, f.state_bounces
  from telemetry.state_facts(p_changes) as f
  cross join lateral (select telemetry.state_outcome(f.state) as outcome) as o
  on conflict (item_id, item_type) do update set
    state = excluded.state,
    outcome = excluded.outcome,
    started_at = excluded.started_at,
    ended_at = excluded.ended_at,
    state_since = excluded.state_since,
    state_event_id = excluded.state_event_id,
    state_seconds = excluded.state_seconds,
    transitions = excluded.transitions,
    bounces = excluded.bounces,
    state_bounces = excluded.state_bounces;

  with first_types as (
    select distinct on (r.item_id) r.item_id, r.item_type
    from telemetry.item_rollups as r
    where r.item_id = any (v_item_ids) and r.item_type <> ''
    order by r.item_id, r.started_at, r.item_type
  ),
  emptied as (
    update telemetry.item_rollups as r
    set
      project_id = null, events = 0, steps = 0, failed_steps = 0, input_tokens = 0, cached_input_tokens = 0,
      output_tokens = 0, cost_usd = 0
    from first_types as t
    where r.item_id = t.item_id and r.item_type <> t.item_type and r.events > 0
    returning
      t.item_id, t.item_type, old.project_id, old.events, old.steps, old.failed_steps, old.input_tokens,
      old.cached_input_tokens, old.output_tokens, old.cost_usd
  )
  update telemetry.item_rollups as r
  set
    project_id = e.project_id, events = e.events, steps = e.steps, failed_steps = e.failed_steps,
    input_tokens = e.input_tokens, cached_input_tokens = e.cached_input_tokens, output_tokens = e.output_tokens,
    cost_usd = e.cost_usd
  from emptied as e  -- one row an item holds it all
  where r.item_id = e.item_id and r.item_type = e.item_type;

  delete from telemetry.item_rollups as r where r.item_id = any (v_item_ids) and r.item_type = '';
end
$$;
comment on function telemetry.settle_items(telemetry.state_changes[]) is
'Adds new changes of state to the rollups by item';
alter function telemetry.settle_items(telemetry.state_changes[]) owner to pylayer_api;
revoke all on function telemetry.settle_items(telemetry.state_changes[]) from public;
