-- Says what became of each event of a batch of which some were not created: compares those with what is stored.
-- It is a statement of its own after the insert, because a row that another session committed while the insert waited
-- for it is visible only to a later snapshot.
--
-- Parameters: p_batch, the checked batch; p_created, the ids that the insert stored.
-- Returns:    as telemetry.ingest_events, in input order.
-- Tables:     telemetry.workflow_events (read by primary key); telemetry.ingest_counts (one row inserted when an event
--             was known before).
create or replace function telemetry.settle_batch(p_batch telemetry.checked_event[], p_created text[])
returns table ("position" integer, event_id text, status text, code text, reason text, detail text)
language sql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
set enable_seqscan = off  -- a plan made while a month was small must not scan it when it is large
as $$
  with settled as materialized (
    select
      b.position,
      b.event_id,
      b.reason,
      b.detail,
      case
        when b.reason is not null then 'refused'
        -- the first of an id in the batch is the one that the insert took
        when c.event_id is not null and b.nth = 1 then 'created'
        when b.event_version = e.event_version and b.event_name = e.event_name and b.ts = e.ts
          and b.payload = e.payload
          and b.run_id is not distinct from e.run_id
          and b.item_id is not distinct from e.item_id
          and b.workflow_name is not distinct from e.workflow_name
          and b.agent_role is not distinct from e.agent_role
          and b.project_id is not distinct from e.project_id then 'duplicate'
        else 'conflict'
      end as status
    from (
      select u.*, row_number() over (partition by u.event_id, u.reason is null order by u.position) as nth
      from unnest(p_batch) as u
    ) as b
    left join unnest(p_created) as c (event_id) on c.event_id = b.event_id and b.reason is null
    left join lateral (
      select w.event_version, w.event_name, w.ts, w.payload, w.run_id, w.item_id, w.workflow_name, w.agent_role,
        w.project_id
      from telemetry.workflow_events as w
      where w.event_id = b.event_id and b.reason is null and (c.event_id is null or b.nth > 1)
      offset 0
    ) as e on true
  ),
  counted as (
    insert into telemetry.ingest_counts (duplicates, conflicts)
    select n.duplicates, n.conflicts
    from (
      select
        count(*) filter (where s.status = 'duplicate') as duplicates,
        count(*) filter (where s.status = 'conflict') as conflicts
      from settled as s
    ) as n
    where n.duplicates + n.conflicts > 0
  )
  select s.position, s.event_id, s.status, r.code, s.reason, coalesce(s.detail, r.message)
  from settled as s
  left join lateral telemetry.refusal(s.reason) as r on s.reason is not null
  order by s.position
$$;
comment on function telemetry.settle_batch(telemetry.checked_event[], text[]) is
'Status of each event of a batch, known ids compared with what is stored; counts duplicates and conflicts';
alter function telemetry.settle_batch(telemetry.checked_event[], text[]) owner to pylayer_api;
revoke all on function telemetry.settle_batch(telemetry.checked_event[], text[]) from public;
