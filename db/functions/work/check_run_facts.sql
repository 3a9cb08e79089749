-- Refuses malformed facts of a workflow or a run. Null is not checked.
--
-- Parameters: p_project_id, at most 500 characters; p_metadata, an object; p_tags, an object or an array;
--             p_times, each between the years 1970 and 9999.
-- Errors:     PT400 invalid_project_id, invalid_metadata, invalid_tags, invalid_time; PT413 value_limit.
create or replace function work.check_run_facts(p_project_id text, p_metadata jsonb, p_tags jsonb, p_times timestamptz[])
returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if length(p_project_id) > 500 then
    raise exception using
      errcode = 'PT400', message = 'project_id is too long', constraint = 'invalid_project_id',
      detail = left(p_project_id, 64), hint = 'use at most 500 characters';
  end if;
  if jsonb_typeof(p_metadata) <> 'object' then
    raise exception using
      errcode = 'PT400', message = 'metadata is not an object', constraint = 'invalid_metadata',
      detail = jsonb_typeof(p_metadata), hint = 'send a JSON object, or leave it out';
  end if;
  if jsonb_typeof(p_tags) not in ('object', 'array') then
    raise exception using
      errcode = 'PT400', message = 'tags is neither an object nor an array', constraint = 'invalid_tags',
      detail = jsonb_typeof(p_tags), hint = 'send a JSON object or array, or leave it out';
  end if;
  if exists (
    select from unnest(p_times) as t (at)
    where t.at not between timestamptz '1970-01-01 00:00:00+00' and timestamptz '9999-12-31 00:00:00+00'
  ) then
    raise exception using
      errcode = 'PT400', message = 'a time is out of range', constraint = 'invalid_time',
      detail = array_to_string(p_times, ', '), hint = 'use a time between the years 1970 and 9999';
  end if;
  perform work.check_document(p_what => 'metadata', p_value => p_metadata);
  perform work.check_document(p_what => 'tags', p_value => p_tags);
end
$$;
comment on function work.check_run_facts(text, jsonb, jsonb, timestamptz[]) is
'Refuses malformed facts of a workflow or a run';
alter function work.check_run_facts(text, jsonb, jsonb, timestamptz[]) owner to pylayer_api;
revoke all on function work.check_run_facts(text, jsonb, jsonb, timestamptz[]) from public;
