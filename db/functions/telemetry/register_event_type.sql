-- Registers the payload contract of an event name and version. A registered contract never changes.
--
-- Parameters: p_event_name, dotted lower-case name; p_contract, JSON Schema subset of the payload: required (array of
--             names) and properties, each with type (one or several of string, integer, number, boolean, object, array,
--             null), enum, minimum, maximum, maxLength, description; p_event_version, from 1; p_description.
-- Returns:    event_name, event_version and whether this call registered it.
-- Errors:     PT400 invalid_contract, invalid_event_name; PT409 contract_exists: register the next version.
-- Tables:     telemetry.event_types (insert).
-- Repeat:     safe with the same contract.
create or replace function telemetry.register_event_type(
  p_event_name text, p_contract jsonb, p_event_version integer default 1, p_description text default '',
  out event_name text, out event_version integer, out created boolean
)
returns record
language plpgsql volatile parallel unsafe security definer  -- definer on purpose: admins hold no right to write tables
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_problem text := telemetry.contract_problem(p_contract);
  v_stored jsonb;
begin
  if v_problem is not null then
    raise exception using
      errcode = 'PT400', message = 'contract is not usable', constraint = 'invalid_contract', detail = v_problem,
      hint = 'required and properties with type, enum, minimum, maximum, maxLength, description';
  elsif coalesce(p_event_name, '') !~ '^[a-z][a-z0-9_]*([.][a-z][a-z0-9_]*)+$' or length(p_event_name) > 100
    or coalesce(p_event_version, 0) < 1 then
    raise exception using
      errcode = 'PT400', message = 'event name or version is malformed', constraint = 'invalid_event_name',
      detail = format('%s version %s', left(p_event_name, 100), p_event_version),
      hint = 'dotted lower-case words such as workflow.step_completed, version from 1';
  end if;
  insert into telemetry.event_types (event_name, event_version, description, contract)
  values (p_event_name, p_event_version, coalesce(p_description, ''), p_contract)
  on conflict (event_name, event_version) do nothing;
  created := found;
  if not created then
    select t.contract into v_stored from telemetry.event_types as t
    where t.event_name = p_event_name and t.event_version = p_event_version;
    if v_stored is distinct from p_contract then
      raise exception using
        errcode = 'PT409', message = 'event type is registered with another contract', constraint = 'contract_exists',
        detail = format('%s version %s', p_event_name, p_event_version), hint = 'register the next version';
    end if;
  end if;
  event_name := p_event_name;
  event_version := p_event_version;
end
$$;
comment on function telemetry.register_event_type(text, jsonb, integer, text) is
'Registers the payload contract of an event name and version, for ever. Errors: PT400, PT409 contract_exists';
alter function telemetry.register_event_type(text, jsonb, integer, text) owner to pylayer_api;
revoke all on function telemetry.register_event_type(text, jsonb, integer, text) from public;
grant execute on function telemetry.register_event_type(text, jsonb, integer, text) to pylayer_admin;
