create or replace function telemetry.contract_validator(p_contract jsonb) returns jsonpath
language sql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    string_agg(
      concat_ws(' && ', case when k.required then format('exists(%s)', k.path) end, '!(' || nullif(k.wrong, '') || ')'),
      ' && ' order by k.required desc, k.name
    ) filter (where k.required or k.wrong <> ''),
    '1 == 1'
  )::jsonpath
  from (
    select
      p.key as name,
      v.path,
      (p_contract -> 'required') ? p.key is true as required,
      concat_ws(
        ' || ',
        (
          select format('(%s)', string_agg(format('%s.type() != "%s"', v.path, t.name), ' && '))
          from (select distinct case n when 'integer' then 'number' else n end from unnest(v.types) as n) as t (name)
          having count(*) > 0
        ),
        case when p.value ? 'enum' and (v.types = '{}' or 'array' = any (v.types))
          then format('%s.type() == "array"', v.path) end,
        (
          select format('(%s)', string_agg(format('%s != %s', v.path, e.value), ' && '))
          from jsonb_array_elements(p.value -> 'enum') as e (value)
          having count(*) > 0
        ),
        (
          select format(
            case when v.types <@ array['number', 'integer'] and v.types <> '{}' then 'exists(%1$s ? (%2$s))'
              else '(%1$s.type() == "number" && exists(%1$s ? (%2$s)))' end,
            v.path, string_agg(b.test, ' || ')
          )
          from (
            values
            ('@ < ' || (p.value ->> 'minimum')),
            ('@ > ' || (p.value ->> 'maximum')),
            (case when 'integer' = any (v.types) and 'number' <> all (v.types) then '@.floor() != @' end)
          ) as b (test)
          where b.test is not null
          having count(*) > 0
        )
      ) as wrong
    from (
      select r.key, coalesce(p_contract -> 'properties' -> r.key, '{}') as value
      from (
        select jsonb_object_keys(coalesce(p_contract -> 'properties', '{}'))
        union
        select jsonb_array_elements_text(coalesce(p_contract -> 'required', '[]'))
      ) as r (key)
    ) as p
    cross join lateral (
      select
        '$.' || to_json(p.key) as path,
        array(
          select jsonb_array_elements_text(
            case when jsonb_typeof(p.value -> 'type') = 'array' then p.value -> 'type'
              else jsonb_build_array(p.value -> 'type') end
          )
          where p.value ? 'type'
        ) as types
    ) as v
  ) as k
$$;

alter table telemetry.event_types
alter column validator set expression as (telemetry.contract_validator(contract));
