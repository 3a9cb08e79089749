-- Raises the error that a refused event stands for.
--
-- Parameters: p_position in the batch, from 1; p_event_id, may be null; p_reason and p_detail as check_events gives them.
-- Errors:     the code of telemetry.refusal for the reason, which stands in the CONSTRAINT field.
create or replace function telemetry.raise_refusal(p_position integer, p_event_id text, p_reason text, p_detail text)
returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_code text;
  v_message text;
  v_hint text;
begin
  select r.code, r.message, r.hint into v_code, v_message, v_hint from telemetry.refusal(p_reason) as r;
  raise exception using
    errcode = v_code, message = v_message, constraint = p_reason, hint = v_hint,
    detail = concat_ws(': ', format('event %s, id %s', p_position, coalesce(left(p_event_id, 64), 'none')), p_detail);
end
$$;
comment on function telemetry.raise_refusal(integer, text, text, text) is 'Raises the error that a refused event stands for';
alter function telemetry.raise_refusal(integer, text, text, text) owner to pylayer_api;
revoke all on function telemetry.raise_refusal(integer, text, text, text) from public;
