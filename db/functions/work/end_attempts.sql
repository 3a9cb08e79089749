-- Ends attempts of tasks that failed: each is tried again after a wait that doubles with each attempt, half to one and a half
-- times of it by chance, or is a dead letter.
--
-- Parameters: p_execution_ids, running tasks whose rows the caller has locked; p_error, why; p_retry, whether it may be tried
--             again at all; p_delay_seconds, the wait; null is that of the queue.
-- Tables:     work.task_executions (rows updated), work.queues (read), then as work.settle_changes.
create or replace function work.end_attempts(
  p_execution_ids text[], p_error text, p_retry boolean, p_delay_seconds double precision
)
returns void
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_changes work.task_change[];
begin
  with ended as (
    update work.task_executions as t
    set
      status = case when w.is_retried then 'scheduled' else 'failed' end::work.task_status,
      retry_count = t.retry_count + w.is_retried::integer,
      scheduled_at = case when w.is_retried then v_now + make_interval(secs => w.delay_seconds) else t.scheduled_at end,
      finished_at = case when not w.is_retried then v_now end,
      execution_time_ms = greatest(extract(epoch from v_now - t.started_at) * 1000, 0),
      lease_expires_at = null,
      error = p_error
    from (
      select
        r.execution_id,
        p_retry and r.retry_count < r.max_retries as is_retried,
        coalesce(
          p_delay_seconds,
          least(q.retry_base_seconds * 2.0 ^ least(r.retry_count, 60), q.retry_max_seconds) * (0.5 + random())
        ) as delay_seconds
      from work.task_executions as r
      inner join work.queues as q on q.queue = r.queue
      where r.execution_id = any(p_execution_ids)
    ) as w
    where t.execution_id = w.execution_id
    returning t.*
  )
  select array_agg(row(
    e.execution_id, e.queue, 'running', e.status, e.run_id, e.workflow_name, e.project_id, e.concurrency_key,
    left(p_error, 1000), e.worker, e.started_at
  )::work.task_change)
  into v_changes
  from ended as e;
  perform work.settle_changes(p_changes => v_changes);
end
$$;
comment on function work.end_attempts(text[], text, boolean, double precision) is
'Ends attempts of tasks that failed: tried again after a wait, or dead letters';
alter function work.end_attempts(text[], text, boolean, double precision) owner to pylayer_api;
revoke all on function work.end_attempts(text[], text, boolean, double precision) from public;
