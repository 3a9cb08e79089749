-- Payload contracts compile to a strict path that says what must hold, at half the cost of one that looks for what is wrong.

-- Compiles a payload contract to one jsonpath predicate, true for a payload that fulfils it: one evaluation a payload
-- is several times cheaper than a look at each key in SQL. In a strict path a key that is missing makes its part unknown,
-- hence the whole not true: a key that may be missing is asked for first. Nothing looks into an array, and a filter
-- lets no value of another type through. jsonpath has no string length, so maxLength is left out.
create or replace function telemetry.contract_validator(p_contract jsonb) returns jsonpath
language sql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select (
    'strict ' || coalesce(
      string_agg(
        case when k.required then coalesce(k.holds, format('exists(%s)', k.path))
          else format('((exists(%s)) is unknown || %s)', k.path, k.holds) end,
        ' && ' order by k.required desc, k.name
      ) filter (where k.required or k.holds is not null),
      '1 == 1'
    )
  )::jsonpath
  from (
    select
      p.key as name,
      v.path,
      (p_contract -> 'required') ? p.key is true as required,
      (
        select '(' || string_agg(h.part, ' && ') || ')'
        from (
          values
          (case when not v.are_numbers or b.test is null then (
            select format('(%s)', string_agg(format('%s.type() == "%s"', v.path, t.name), ' || '))
            from (select distinct case n when 'integer' then 'number' else n end from unnest(v.types) as n) as t (name)
            having count(*) > 0
          ) end),
          ((
            select format('exists(%s ? (%s))', v.path, string_agg(format('@ == %s', e.value), ' || '))
            from jsonb_array_elements(p.value -> 'enum') as e (value)
            having count(*) > 0
          )),
          (case when v.are_numbers then 'exists(' || v.path || ' ? (' || b.test || '))'
            else '(' || v.path || '.type() != "number" || exists(' || v.path || ' ? (' || b.test || ')))' end)
        ) as h (part)
      ) as holds
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
        a.types,
        a.types <> '{}' and a.types <@ array['number', 'integer'] as are_numbers
      from (
        select array(
          select jsonb_array_elements_text(
            case when jsonb_typeof(p.value -> 'type') = 'array' then p.value -> 'type'
              else jsonb_build_array(p.value -> 'type') end
          )
          where p.value ? 'type'
        ) as types
      ) as a
    ) as v
    cross join lateral (
      select string_agg(l.test, ' && ') as test
      from (
        values
        ('@ >= ' || (p.value ->> 'minimum')),
        ('@ <= ' || (p.value ->> 'maximum')),
        (case when 'integer' = any (v.types) and 'number' <> all (v.types) then '@.floor() == @' end)
      ) as l (test)
    ) as b
  ) as k
$$;

alter table telemetry.event_types
alter column validator set expression as (telemetry.contract_validator(contract));
