-- Whether a task of a batch can be enqueued: the short answer for the many good ones; work.check_tasks says what is wrong with
-- the others, and a test holds the two together. Without SET search_path, so that it is inlined.
--
-- Parameters: the keys of a task; p_longest, characters of the longest of its keys and ids.
-- Returns:    true when it can; false or null when not.
create or replace function work.is_task(
  p_task_name text, p_priority integer, p_max_retries integer, p_timeout_seconds integer,
  p_delay_seconds double precision, p_scheduled_at timestamptz, p_unique_key text, p_concurrency_key text, p_metadata jsonb,
  p_longest integer
)
returns boolean
language sql immutable parallel safe
as $$
  select
    length(p_task_name) between 1 and 200
    and (p_priority between 0 and 9) is not false
    and (p_max_retries between 0 and 1000) is not false
    and (p_timeout_seconds between 1 and 604800) is not false
    and (p_delay_seconds between 0 and 315360000) is not false
    and (p_delay_seconds is null or p_scheduled_at is null)
    and (p_scheduled_at between timestamptz '1970-01-01 00:00:00+00' and timestamptz '9999-12-31 00:00:00+00') is not false
    and (p_unique_key <> '') is not false
    and (p_concurrency_key <> '') is not false
    and (jsonb_typeof(p_metadata) in ('object', 'null')) is not false
    and (p_longest <= 500) is not false
$$;
comment on function work.is_task(
  text, integer, integer, integer, double precision, timestamptz, text, text, jsonb, integer
) is
'True when a task of a batch can be enqueued';
alter function work.is_task(
  text, integer, integer, integer, double precision, timestamptz, text, text, jsonb, integer
) owner to pylayer_api;
revoke all on function work.is_task(
  text, integer, integer, integer, double precision, timestamptz, text, text, jsonb, integer
) from public;
