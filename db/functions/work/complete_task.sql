-- Completes one task.
--
-- Parameters: p_execution_id; p_lease, the token of its lease; p_output_data, what its handler returned.
-- Errors:     PT404 no_task; PT409 lease_lost, lease_expired: nothing is changed, another worker has the task or will have it;
--             those of work.complete_tasks.
-- Tables:     as work.complete_tasks.
-- Repeat:     safe.
create or replace function work.complete_task(p_execution_id text, p_lease uuid, p_output_data jsonb default null)
returns void
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (
    select from work.complete_tasks(p_tasks => jsonb_build_array(jsonb_build_object(
      'execution_id', p_execution_id, 'lease', p_lease, 'output_data', p_output_data
    )))
  ) then
    perform work.refuse_lease(p_execution_id => p_execution_id, p_lease => p_lease);
  end if;
end
$$;
comment on function work.complete_task(text, uuid, jsonb) is
'Completes one task. Errors: PT404 no_task, PT409 lease_lost, lease_expired, PT413';
alter function work.complete_task(text, uuid, jsonb) owner to pylayer_api;
revoke all on function work.complete_task(text, uuid, jsonb) from public;
grant execute on function work.complete_task(text, uuid, jsonb) to pylayer_agent;
