-- Says why a run does not take a call.
--
-- Parameters: p_run_id; p_status, what it has; null when there is no such run.
-- Errors:     always PT404 no_run, PT409 run_ended or PT409 run_not_running.
create or replace function work.refuse_run(p_run_id text, p_status text) returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_status is null then
    raise exception using
      errcode = 'PT404', message = 'there is no such run', constraint = 'no_run', detail = coalesce(left(p_run_id, 500), 'null'),
      hint = 'work.start_execution starts one; work.list_executions shows them';
  end if;
  if p_status in ('completed', 'failed', 'cancelled') then
    raise exception using
      errcode = 'PT409', message = 'the run has ended', constraint = 'run_ended',
      detail = format('run %s is %s', p_run_id, p_status),
      hint = 'stop working on it; work.retry_execution takes a failed run up again';
  end if;
  raise exception using
    errcode = 'PT409', message = 'the run is not running', constraint = 'run_not_running',
    detail = format('run %s is %s', p_run_id, p_status), hint = 'claim it with work.claim_execution first';
end
$$;
comment on function work.refuse_run(text, text) is
'Raises the error of a run that is not there or does not take the call';
alter function work.refuse_run(text, text) owner to pylayer_api;
revoke all on function work.refuse_run(text, text) from public;
