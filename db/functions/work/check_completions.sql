-- Refuses a batch of completions that is none.
--
-- Parameters: p_tasks, as work.complete_tasks.
-- Errors:     PT400 not_an_array, invalid_task; PT413 too_many_tasks, output_limit.
create or replace function work.check_completions(p_tasks jsonb)
returns void
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
begin
  if jsonb_typeof(p_tasks) is distinct from 'array' then
    raise exception using
      errcode = 'PT400', message = 'tasks are not a JSON array', constraint = 'not_an_array',
      detail = coalesce(jsonb_typeof(p_tasks), 'null'), hint = 'complete one task with work.complete_task';
  elsif jsonb_array_length(p_tasks) > 1000 then
    raise exception using
      errcode = 'PT413', message = 'the batch has too many tasks', constraint = 'too_many_tasks',
      detail = format('%s tasks, limit 1000', jsonb_array_length(p_tasks)), hint = 'send several batches';
  elsif jsonb_path_exists(p_tasks, 'strict $[*] ? (@.type() != "object")') then
    raise exception using
      errcode = 'PT400', message = 'a task is malformed', constraint = 'invalid_task',
      detail = 'not an object', hint = 'an object with execution_id, lease and output_data';
  elsif pg_column_size(p_tasks) > 1048576 and exists (
    select from jsonb_array_elements(p_tasks) as e (task) where pg_column_size(e.task) > 1048576
  ) then
    raise exception using
      errcode = 'PT413', message = 'the output of a task is too large', constraint = 'output_limit',
      detail = 'over 1 MiB', hint = 'keep what is large as an artifact, and its id in the output';
  end if;
end
$$;
comment on function work.check_completions(jsonb) is
'Refuses a batch of completions that is none. Errors: PT400, PT413';
alter function work.check_completions(jsonb) owner to pylayer_api;
revoke all on function work.check_completions(jsonb) from public;
