-- Adds a batch of events to telemetry.event_rollups and telemetry.month_rollups.
-- Events are grouped by hour once; days and running totals are sums over those groups, not over the events.
--
-- Parameters: p_batch, events that are not counted yet.
-- Tables:     telemetry.event_rollups, telemetry.month_rollups (upserted).
create or replace function telemetry.count_events(p_batch telemetry.counted_event[]) returns void
language sql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set work_mem = '64MB'
set enable_sort = off  -- few groups come of many events: hashed
set jit = off
as $$
  with hourly as materialized (
    select
      date_trunc('hour', b.ts) as hour, b.event_name, b.workflow_name, b.agent_role, b.label_1, b.label_2, b.label_3,
      b.label_4, telemetry.duration_bucket(b.duration_ms) as bucket_nr,
      count(*)::integer as events,
      sum(b.input_tokens) as input_tokens,
      sum(b.cached_input_tokens) as cached_input_tokens,
      sum(b.output_tokens) as output_tokens,
      sum(b.cost_usd) as cost_usd,
      sum(b.duration_ms) as duration_ms
    from unnest(p_batch) as b
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9
  ),
  summed as (
    select
      case grouping(h.hour, date_trunc('day', h.hour)) when 1 then 'hour' when 2 then 'day' else 'all' end as grain,
      coalesce(h.hour, date_trunc('day', h.hour), '-infinity') as bucket,
      h.event_name, h.workflow_name, h.agent_role,
      h.label_1, h.label_2, h.label_3, h.label_4,
      sum(h.events) as events,
      coalesce(sum(h.input_tokens), 0) as input_tokens,
      coalesce(sum(h.cached_input_tokens), 0) as cached_input_tokens,
      coalesce(sum(h.output_tokens), 0) as output_tokens,
      coalesce(sum(h.cost_usd), 0) as cost_usd,
      coalesce(sum(h.duration_ms), 0) as duration_ms_sum,
      case when count(h.bucket_nr) > 0 then array[
        coalesce(sum(h.events) filter (where h.bucket_nr = 1), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 2), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 3), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 4), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 5), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 6), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 7), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 8), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 9), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 10), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 11), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 12), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 13), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 14), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 15), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 16), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 17), 0)
      ] end as duration_histogram
    from hourly as h
    group by h.event_name, h.workflow_name, h.agent_role, h.label_1, h.label_2, h.label_3, h.label_4,
      grouping sets ((h.hour), (date_trunc('day', h.hour)), ())
  ),
  counted as (
    insert into telemetry.event_rollups as r (
      grain, bucket, series_id, event_name, workflow_name, agent_role, labels, events, input_tokens, cached_input_tokens,
      output_tokens, cost_usd, duration_ms_sum, duration_histogram
    )
    select
      s.grain, s.bucket,
      encode(substr(sha256(convert_to(
        jsonb_build_array(s.event_name, s.workflow_name, s.agent_role, l.labels)::text, 'UTF8'
      )), 1, 16), 'hex')::uuid,
      s.event_name, s.workflow_name, s.agent_role, l.labels, s.events, s.input_tokens, s.cached_input_tokens,
      s.output_tokens, s.cost_usd, s.duration_ms_sum, s.duration_histogram
    from summed as s
    cross join lateral (select telemetry.label_keys(s.event_name) as keys) as k
    cross join lateral (
      select jsonb_strip_nulls(jsonb_object(
        k.keys, (array[s.label_1, s.label_2, s.label_3, s.label_4])[:cardinality(k.keys)]
      )) as labels
    ) as l
    on conflict (grain, bucket, series_id) do update set
      events = r.events + excluded.events,
      input_tokens = r.input_tokens + excluded.input_tokens,
      cached_input_tokens = r.cached_input_tokens + excluded.cached_input_tokens,
      output_tokens = r.output_tokens + excluded.output_tokens,
      cost_usd = r.cost_usd + excluded.cost_usd,
      duration_ms_sum = r.duration_ms_sum + excluded.duration_ms_sum,
      duration_histogram = case
        when r.duration_histogram is null then excluded.duration_histogram
        when excluded.duration_histogram is null then r.duration_histogram
        else array(
          select u.before + u.more from unnest(r.duration_histogram, excluded.duration_histogram) as u (before, more)
        )
      end
  )
  insert into telemetry.month_rollups as m (month, events)
  select date_trunc('month', core.ulid_time(min(b.event_id))), count(*)
  from unnest(p_batch) as b
  group by b.partition
  on conflict (month) do update set events = m.events + excluded.events
$$;
comment on function telemetry.count_events(telemetry.counted_event[]) is
'Adds a batch of events to the rollups by hour, day and over all time, and to those by month';
alter function telemetry.count_events(telemetry.counted_event[]) owner to pylayer_api;
revoke all on function telemetry.count_events(telemetry.counted_event[]) from public;
