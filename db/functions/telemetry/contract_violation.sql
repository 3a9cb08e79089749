-- Says in words where a payload breaks its contract. Slower than the compiled validator and asked only about payloads
-- that it refused, and about contracts with maxLength. Total, so that a planner may ask it before anything else.
--
-- Parameters: p_contract, a registered contract; p_payload, a JSON object; in anything else only missing keys are found.
-- Returns:    the first broken rule by name of key, or null when the payload fulfils the contract.
create or replace function telemetry.contract_violation(p_contract jsonb, p_payload jsonb) returns text
language sql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select v.violation
  from (
    select r.key as name, format('%s is missing', r.key) as violation
    from jsonb_array_elements_text(coalesce(p_contract -> 'required', '[]')) as r (key)
    where not p_payload ? r.key
    union all
    select p.key, case
      when p.value ? 'type' and not exists (
        select
        from jsonb_array_elements_text(
          case when jsonb_typeof(p.value -> 'type') = 'array' then p.value -> 'type'
            else jsonb_build_array(p.value -> 'type') end
        ) as t (name)
        where case
          when t.name = 'integer' then
            jsonb_typeof(d.value) = 'number' and (d.value)::numeric % 1 = 0
          else jsonb_typeof(d.value) = t.name
        end
      ) then format('%s must be %s, not %s', p.key, p.value ->> 'type', jsonb_typeof(d.value))
      when p.value ? 'enum' and not (p.value -> 'enum') @> jsonb_build_array(d.value)
        then format('%s must be one of %s', p.key, p.value ->> 'enum')
      when jsonb_typeof(d.value) = 'number' and (d.value)::numeric < (p.value -> 'minimum')::numeric
        then format('%s must be at least %s', p.key, p.value ->> 'minimum')
      when jsonb_typeof(d.value) = 'number' and (d.value)::numeric > (p.value -> 'maximum')::numeric
        then format('%s must be at most %s', p.key, p.value ->> 'maximum')
      when jsonb_typeof(d.value) = 'string' and length(d.value #>> '{}') > (p.value -> 'maxLength')::integer
        then format('%s must be at most %s characters long', p.key, p.value ->> 'maxLength')
    end
    from jsonb_each(coalesce(p_contract -> 'properties', '{}')) as p
    inner join jsonb_each(case when jsonb_typeof(p_payload) = 'object' then p_payload end) as d on d.key = p.key
  ) as v
  where v.violation is not null
  order by v.name
  limit 1
$$;
comment on function telemetry.contract_violation(jsonb, jsonb) is
'The first rule of a contract that a payload breaks, in words, or null';
alter function telemetry.contract_violation(jsonb, jsonb) owner to pylayer_api;
revoke all on function telemetry.contract_violation(jsonb, jsonb) from public;
