-- Items that came back into a state in which they had been before.
create or replace view telemetry.v_bounces as
with started as (
  select
    r.item_type,
    r.bounces,
    r.state_bounces,
    date_trunc('month', r.started_at at time zone 'UTC') at time zone 'UTC' as month
  from telemetry.item_rollups as r
  where r.started_at is not null
),

totals as (
  select
    s.month,
    s.item_type,
    count(*) as items
  from started as s
  group by s.month, s.item_type
)

select
  t.month,
  t.item_type,
  b.state,
  t.items,
  count(*) as bounced_items,
  sum(b.times::bigint)::bigint as bounces
from totals as t
inner join started as s on t.month = s.month and t.item_type = s.item_type
cross join lateral jsonb_each_text(s.state_bounces) as b (state, times)
where s.bounces > 0
group by t.month, t.item_type, t.items, b.state;
comment on view telemetry.v_bounces is
'States that items entered again, by the month of an item''s first change of state and its type';
comment on column telemetry.v_bounces.month is 'Start of the month, UTC';
comment on column telemetry.v_bounces.item_type is 'story, task, workflow_run, ...';
comment on column telemetry.v_bounces.state is 'The state that was entered again';
comment on column telemetry.v_bounces.items is 'All items of that month and type';
comment on column telemetry.v_bounces.bounced_items is 'Those that entered the state again';
comment on column telemetry.v_bounces.bounces is 'How often they did';
alter view telemetry.v_bounces owner to pylayer_owner;
grant select on telemetry.v_bounces to pylayer_admin, pylayer_analyst, pylayer_auditor;
