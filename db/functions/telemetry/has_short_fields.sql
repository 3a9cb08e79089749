-- Whether no free text of an event is longer than 500 characters. PL/pgSQL, so that it stays one call in the plan of
-- telemetry.is_storable, which asks it only about events whose fields are long together.
--
-- Parameters: p_doc, the event, a JSON object.
-- Returns:    true when each is short enough or left out.
create or replace function telemetry.has_short_fields(p_doc jsonb) returns boolean
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce(greatest(
    length(p_doc ->> 'run_id'), length(p_doc ->> 'item_id'), length(p_doc ->> 'workflow_name'),
    length(p_doc ->> 'agent_role'), length(p_doc ->> 'project_id')
  ) <= 500, true);
end
$$;
comment on function telemetry.has_short_fields(jsonb) is 'True when no free text of an event is longer than 500 characters';
alter function telemetry.has_short_fields(jsonb) owner to pylayer_api;
revoke all on function telemetry.has_short_fields(jsonb) from public;
