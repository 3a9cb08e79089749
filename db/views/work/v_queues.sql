-- Queues with what is in them. Each count reads the index of its state, so that finished tasks cost nothing.
create or replace view work.v_queues as
select
  q.queue,
  q.paused_at,
  r.ready,
  s.scheduled,
  b.blocked,
  a.running,
  f.dead,
  round(extract(epoch from clock_timestamp() - r.oldest), 3) as oldest_ready_seconds
from work.queues as q
cross join
  lateral (
    select
      count(*) as ready,
      min(t.scheduled_at) as oldest
    from work.task_executions as t
    where t.queue = q.queue and t.status = 'ready'
  ) as r
cross join
  lateral (
    select count(*) as scheduled from work.task_executions as t
    where t.queue = q.queue and t.status = 'scheduled'
  ) as s
cross join
  lateral (
    select count(*) as blocked from work.task_executions as t
    where t.queue = q.queue and t.status = 'blocked' and t.concurrency_key is not null
  ) as b
cross join
  lateral (
    select count(*) as running from work.task_executions as t
    where t.queue = q.queue and t.status = 'running'
  ) as a
cross join lateral (
  select count(*) as dead from work.task_executions as t
  where t.queue = q.queue and t.status = 'failed'
) as f;
comment on view work.v_queues is 'Queues with what is in them';
comment on column work.v_queues.queue is 'Queue';
comment on column work.v_queues.paused_at is 'Since when none of its tasks is handed out; null is not';
comment on column work.v_queues.ready is 'Tasks that may be claimed now';
comment on column work.v_queues.scheduled is 'Tasks that wait for their time';
comment on column work.v_queues.blocked is 'Tasks that wait for one with their concurrency key';
comment on column work.v_queues.running is 'Tasks that a worker holds';
comment on column work.v_queues.dead is 'Dead letters';
comment on column work.v_queues.oldest_ready_seconds is 'How long the ready task that has waited longest could have run, seconds; null without one';
alter view work.v_queues owner to pylayer_owner;
grant select on work.v_queues to pylayer_admin, pylayer_analyst, pylayer_auditor;
